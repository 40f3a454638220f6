package io.runcible.junit.presets;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import io.runcible.junit.AbstractContainerExtension;
import java.net.URI;
import java.util.Optional;

/**
 * An nginx server, or another web server on port 80. It is ready when it answers, whatever it says.
 */
public final class Nginx extends AbstractContainerExtension<Nginx> {
  private static final int PORT = 80;

  private final String image;

  private Nginx(String image) {
    super("nginx");
    this.image = image;
  }

  /** With the configuration of the image; {@link #file} copies another one, or pages. */
  public static Nginx of(String image) {
    return new Nginx(image);
  }

  @Override
  protected ContainerSpec spec(ContainerEngine engine) {
    return ContainerSpec.builder(image).publish(PORT).build();
  }

  @Override
  protected Optional<Ready> defaultReady(ContainerSpec spec) {
    return Optional.of(Ready.onAnswer(PORT, "GET / HTTP/1.0\r\n\r\n", "^HTTP/1"));
  }

  /**
   * The URL of a path.
   *
   * @param path begins with a slash
   */
  public URI url(String path) {
    return URI.create("http://" + address(PORT) + path);
  }
}
