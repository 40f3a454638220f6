package io.runcible.benchmarks.testcontainers;

import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;

/** Containers of a Docker daemon. */
final class TestcontainersSide implements Side {
  @Override
  public Service start(String kind) {
    return switch (kind) {
      case "redis" -> run(redis());
      case "redis-log" ->
          run(redis().waitingFor(Wait.forLogMessage(".*Ready to accept connections.*", 1)));
      case "postgres" -> run(postgres());
      default -> throw new IllegalArgumentException(kind);
    };
  }

  static GenericContainer<?> redis() {
    return new GenericContainer<>(REDIS).withExposedPorts(6379);
  }

  /** The image starts its server once; that of Docker Hub does it twice. */
  static GenericContainer<?> postgres() {
    return new GenericContainer<>(POSTGRES)
        .withExposedPorts(5432)
        .waitingFor(Wait.forLogMessage(".*" + ACCEPTS + ".*", 1));
  }

  private static Service run(GenericContainer<?> container) {
    container.start();
    int port = container.getFirstMappedPort();
    return new Service() {
      @Override
      public int port() {
        return port;
      }

      @Override
      public void close() {
        container.close();
      }
    };
  }

  @Override
  public void close() {}
}
