package io.runcible.junit.presets;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import io.runcible.junit.AbstractContainerExtension;
import java.util.Optional;

/**
 * A MySQL server. The image takes {@code MYSQL_DATABASE}, {@code MYSQL_USER}, {@code
 * MYSQL_PASSWORD} and {@code MYSQL_ROOT_PASSWORD}. It is ready when it greets a client; the server
 * that only fills the database before listens to nobody.
 */
public final class MySql extends AbstractContainerExtension<MySql> {
  private static final int PORT = 3306;

  private final String image;
  private String database = "test";
  private String user = "test";
  private String password = "test";

  private MySql(String image) {
    super("mysql");
    this.image = image;
  }

  /** With database, user and password {@code test}; root has the same password. */
  public static MySql of(String image) {
    return new MySql(image);
  }

  /** Another database. */
  public MySql database(String name) {
    database = name;
    return this;
  }

  /** Another user, who may do all in the database. */
  public MySql user(String name, String itsPassword) {
    user = name;
    password = itsPassword;
    return this;
  }

  @Override
  protected ContainerSpec spec(ContainerEngine engine) {
    return ContainerSpec.builder(image)
        .environment("MYSQL_DATABASE", database)
        .environment("MYSQL_USER", user)
        .environment("MYSQL_PASSWORD", password)
        .environment("MYSQL_ROOT_PASSWORD", password)
        .publish(PORT)
        .build();
  }

  /** The greeting of version 10 of the protocol, and not the error that may come instead. */
  @Override
  protected Optional<Ready> defaultReady(ContainerSpec spec) {
    return Optional.of(Ready.onAnswer(PORT, "", "(?s)^...\\x00\\x0a"));
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
    return "jdbc:mysql://" + address(PORT) + "/" + database;
  }

  /** The same for R2DBC. */
  public String r2dbcUrl() {
    return "r2dbc:mysql://" + address(PORT) + "/" + database;
  }
}
