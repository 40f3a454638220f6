package io.runcible.junit.presets;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import io.runcible.junit.AbstractContainerExtension;
import io.runcible.junit.ServiceConnection;
import io.runcible.junit.ServiceConnection.Kind;
import java.util.Optional;

/**
 * A Redis server, or Valkey. It is ready when it answers PING, which it does not while it loads.
 */
public final class Redis extends AbstractContainerExtension<Redis> {
  private static final int PORT = 6379;

  private final String image;

  private Redis(String image) {
    super("redis");
    this.image = image;
  }

  /** Without a password. */
  public static Redis of(String image) {
    return new Redis(image);
  }

  @Override
  protected ContainerSpec spec(ContainerEngine engine) {
    return ContainerSpec.builder(image).publish(PORT).build();
  }

  @Override
  protected Optional<Ready> defaultReady(ContainerSpec spec) {
    return Optional.of(Ready.onAnswer(PORT, "PING\r\n", "^\\+PONG"));
  }

  @Override
  protected Optional<ServiceConnection> connection() {
    return Optional.of(new ServiceConnection(Kind.REDIS, url(), "", ""));
  }

  /** The host that a client connects to. */
  public String host() {
    return hostAddress(PORT).getHostString();
  }

  /** The port there. */
  public int port() {
    return hostPort(PORT);
  }

  /** {@code redis://host:port}. */
  public String url() {
    return "redis://" + address(PORT);
  }
}
