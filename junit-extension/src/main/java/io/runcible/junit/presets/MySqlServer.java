package io.runcible.junit.presets;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import io.runcible.junit.AbstractContainerExtension;
import io.runcible.junit.ServiceConnection;
import io.runcible.junit.ServiceConnection.Kind;
import java.util.Optional;

/** What MySQL and MariaDB have in common. */
abstract class MySqlServer<T extends MySqlServer<T>> extends AbstractContainerExtension<T> {
  private static final int PORT = 3306;

  private final String scheme;
  private final String variables;
  private final String image;
  private String database = "test";
  private String user = "test";
  private String password = "test";

  /**
   * A server.
   *
   * @param scheme in URLs, and its name
   * @param variables what the names of its image's variables begin with
   */
  MySqlServer(String scheme, String variables, String image) {
    super(scheme);
    this.scheme = scheme;
    this.variables = variables;
    this.image = image;
  }

  @SuppressWarnings("unchecked")
  private T self() {
    return (T) this;
  }

  /** Another database. */
  public T database(String name) {
    database = name;
    return self();
  }

  /** Another user, who may do all in the database. */
  public T user(String name, String itsPassword) {
    user = name;
    password = itsPassword;
    return self();
  }

  @Override
  protected ContainerSpec spec(ContainerEngine engine) {
    return ContainerSpec.builder(image)
        .environment(variables + "_DATABASE", database)
        .environment(variables + "_USER", user)
        .environment(variables + "_PASSWORD", password)
        .environment(variables + "_ROOT_PASSWORD", password)
        .publish(PORT)
        .build();
  }

  /** The greeting of version 10 of the protocol, and not the error that may come instead. */
  @Override
  protected Optional<Ready> defaultReady(ContainerSpec spec) {
    return Optional.of(Ready.onAnswer(PORT, "", "(?s)^...\\x00\\x0a"));
  }

  @Override
  protected Optional<ServiceConnection> connection() {
    return Optional.of(new ServiceConnection(Kind.JDBC, jdbcUrl(), user, password));
  }

  /** The database. */
  public String database() {
    return database;
  }

  /** The user. */
  public String user() {
    return user;
  }

  /** The password of the user, and of root. */
  public String password() {
    return password;
  }

  /** The URL for JDBC, without user and password. */
  public String jdbcUrl() {
    return "jdbc:" + scheme + "://" + address(PORT) + "/" + database;
  }

  /** The same for R2DBC. */
  public String r2dbcUrl() {
    return "r2dbc:" + scheme + "://" + address(PORT) + "/" + database;
  }
}
