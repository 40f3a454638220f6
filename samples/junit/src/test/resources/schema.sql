create table orders (
  id bigint generated always as identity primary key,
  customer text not null,
  product text not null
);
insert into orders (customer, product) values ('ada', 'tea'), ('ada', 'cake');
