package io.runcible.junit.presets;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import io.runcible.junit.AbstractContainerExtension;
import io.runcible.junit.ServiceConnection;
import io.runcible.junit.ServiceConnection.Kind;
import java.util.Optional;

/**
 * A RabbitMQ broker. The image takes {@code RABBITMQ_DEFAULT_USER} and {@code
 * RABBITMQ_DEFAULT_PASS}. It is ready when it answers the header of AMQP 0-9-1 by the first method.
 */
public final class RabbitMq extends AbstractContainerExtension<RabbitMq> {
  private static final int PORT = 5672;
  private static final int MANAGEMENT = 15672;

  private final String image;
  private String user = "test";
  private String password = "test";

  private RabbitMq(String image) {
    super("rabbitmq");
    this.image = image;
  }

  /** With user and password {@code test}. */
  public static RabbitMq of(String image) {
    return new RabbitMq(image);
  }

  /** Another user. */
  public RabbitMq user(String name, String itsPassword) {
    user = name;
    password = itsPassword;
    return this;
  }

  @Override
  protected ContainerSpec spec(ContainerEngine engine) {
    return ContainerSpec.builder(image)
        .environment("RABBITMQ_DEFAULT_USER", user)
        .environment("RABBITMQ_DEFAULT_PASS", password)
        .publish(PORT)
        .publish(MANAGEMENT)
        .build();
  }

  /** A frame of type 1, of channel 0: Connection.Start. */
  @Override
  protected Optional<Ready> defaultReady(ContainerSpec spec) {
    return Optional.of(Ready.onAnswer(PORT, "AMQP\0\0\11\1", "^\\x01\\x00\\x00"));
  }

  @Override
  protected Optional<ServiceConnection> connection() {
    return Optional.of(new ServiceConnection(Kind.RABBITMQ, amqpUrl(), user, password));
  }

  /** The user. */
  public String user() {
    return user;
  }

  /** The password. */
  public String password() {
    return password;
  }

  /** {@code amqp://host:port}, without user and password. */
  public String amqpUrl() {
    return "amqp://" + address(PORT);
  }

  /**
   * {@code http://host:port} of the management plugin, with the same user; something answers there
   * if the image has that plugin, as those with {@code management} in their tag do.
   */
  public String managementUrl() {
    return "http://" + address(MANAGEMENT);
  }
}
