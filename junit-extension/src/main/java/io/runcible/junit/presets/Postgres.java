package io.runcible.junit.presets;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import io.runcible.junit.AbstractContainerExtension;
import io.runcible.junit.ServiceConnection;
import io.runcible.junit.ServiceConnection.Kind;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * A PostgreSQL server. The image takes {@code POSTGRES_DB}, {@code POSTGRES_USER} and {@code
 * POSTGRES_PASSWORD}. It is ready when the server asks a client for its password, which it does not
 * while it starts up or recovers.
 */
public final class Postgres extends AbstractContainerExtension<Postgres> {
  private static final int PORT = 5432;

  private final String image;
  private String database = "test";
  private String user = "test";
  private String password = "test";

  private Postgres(String image) {
    super("postgres");
    this.image = image;
  }

  /** With database, user and password {@code test}. */
  public static Postgres of(String image) {
    return new Postgres(image);
  }

  /** Another database. */
  public Postgres database(String name) {
    database = name;
    return this;
  }

  /** Another user, who owns the database. */
  public Postgres user(String name, String itsPassword) {
    user = name;
    password = itsPassword;
    return this;
  }

  @Override
  protected ContainerSpec spec(ContainerEngine engine) {
    return ContainerSpec.builder(image)
        .environment("POSTGRES_DB", database)
        .environment("POSTGRES_USER", user)
        .environment("POSTGRES_PASSWORD", password)
        .publish(PORT)
        .build();
  }

  /** The first message of a client in version 3.0 of the protocol, and the request that follows. */
  @Override
  protected Optional<Ready> defaultReady(ContainerSpec spec) {
    String startup = "\0\3\0\0user\0" + user + "\0database\0" + database + "\0\0";
    int length = startup.getBytes(StandardCharsets.UTF_8).length + 4;
    // Above 127 a byte would be two; names of that length need a plainer question.
    return Optional.of(
        length > 127
            ? Ready.onCommand("pg_isready", "-q", "-h", "127.0.0.1")
            : Ready.onAnswer(PORT, "\0\0\0" + (char) length + startup, "^R"));
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

  /** The password. */
  public String password() {
    return password;
  }

  /** The URL for JDBC, without user and password. */
  public String jdbcUrl() {
    return "jdbc:postgresql://" + address(PORT) + "/" + database;
  }

  /** The same for R2DBC. */
  public String r2dbcUrl() {
    return "r2dbc:postgresql://" + address(PORT) + "/" + database;
  }
}
