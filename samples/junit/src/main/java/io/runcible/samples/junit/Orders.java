package io.runcible.samples.junit;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** The orders of a shop, in a database: what is tested. */
public final class Orders {
  private final String url;

  /** The orders in the database of a JDBC URL. */
  public Orders(String url) {
    this.url = url;
  }

  /** Takes an order. */
  public void add(String customer, String product) throws SQLException {
    update("insert into orders (customer, product) values (?, ?)", customer, product);
  }

  /** Forgets all orders of a customer. */
  public void cancel(String customer) throws SQLException {
    update("delete from orders where customer = ?", customer);
  }

  /** What a customer has ordered, in that order. */
  public List<String> of(String customer) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        PreparedStatement query =
            connection.prepareStatement(
                "select product from orders where customer = ? order by id")) {
      query.setString(1, customer);
      try (ResultSet rows = query.executeQuery()) {
        List<String> products = new ArrayList<>();
        while (rows.next()) {
          products.add(rows.getString(1));
        }
        return products;
      }
    }
  }

  private void update(String sql, String... values) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        PreparedStatement update = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        update.setString(i + 1, values[i]);
      }
      update.executeUpdate();
    }
  }
}
