package io.runcible.benchmarks.testcontainers;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Priming;
import io.runcible.engine.Ready;

/** Containers of an engine in this JVM. */
final class RuncibleSide implements Side {
  private final ContainerEngine engine = ContainerEngine.create();

  /** The engine as users have it, with its images. */
  ContainerEngine engine() {
    return engine;
  }

  @Override
  public Service start(String kind) {
    return switch (kind) {
      case "redis" -> run(redis(), 6379, Ready.onPort(6379));
      case "redis-log" -> run(redis(), 6379, Ready.onLog("Ready to accept connections"));
      case "postgres" -> run(postgres(), 5432, Ready.onLog(ACCEPTS));
      case "primed" -> run(engine.prime(postgres(), priming()), 5432, Ready.onLog(ACCEPTS));
      default -> throw new IllegalArgumentException(kind);
    };
  }

  private static ContainerSpec redis() {
    return ContainerSpec.builder(REDIS).publish(6379).build();
  }

  private static ContainerSpec postgres() {
    return ContainerSpec.builder(POSTGRES).publish(5432).build();
  }

  private static Priming priming() {
    return Priming.of(
        "comparison",
        db -> {
          db.start();
          db.awaitReady(Ready.onLog(ACCEPTS));
          Client.fill(db.hostPort(5432));
        });
  }

  private Service run(ContainerSpec spec, int containerPort, Ready ready) {
    Container container = engine.run(spec);
    container.awaitReady(ready);
    int port = container.hostPort(containerPort);
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
  public void close() {
    engine.close();
  }
}
