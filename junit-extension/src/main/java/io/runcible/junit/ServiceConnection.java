package io.runcible.junit;

/**
 * How a client reaches a service, for frameworks that configure their clients by it.
 *
 * @param kind what it is
 * @param url of {@link Kind#JDBC} the URL of the driver, without user and password; otherwise as
 *     each kind says
 * @param user the user; empty for none
 * @param password the password; empty for none
 */
public record ServiceConnection(Kind kind, String url, String user, String password) {
  /** Kinds of services. */
  public enum Kind {
    /** A database with a driver for JDBC. */
    JDBC,
    /** Redis or Valkey: {@code redis://host:port}. */
    REDIS,
    /** MongoDB: {@code mongodb://host:port/database}, with user and password. */
    MONGODB,
    /** Kafka: {@code host:port}. */
    KAFKA,
    /** RabbitMQ: {@code amqp://host:port}. */
    RABBITMQ
  }

  /** Does not say the password, nor the URL, which may have it. */
  @Override
  public String toString() {
    return kind + " connection";
  }
}
