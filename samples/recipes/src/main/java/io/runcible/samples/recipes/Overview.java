package io.runcible.samples.recipes;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerProcess;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** The example of the README. */
public final class Overview {
  private Overview() {}

  /** Starts a server, asks it something and stops it. */
  public static void main(String[] args) throws IOException {
    ContainerSpec spec =
        ContainerSpec.builder("registry.example/team/redis:7").memory("256m").publish(6379).build();
    try (ContainerEngine engine = ContainerEngine.create();
        Container redis = engine.run(spec)) {
      redis.awaitReady(Ready.onLog("Ready to accept connections"));
      try (ContainerProcess ping = redis.exec("redis-cli", "ping")) {
        String answer = new String(ping.stdout().readAllBytes(), StandardCharsets.UTF_8);
        System.out.println(ping.waitFor().code() + " " + answer);
      }
      System.out.println("clients connect to " + redis.hostAddress(6379));
      redis.stop(Duration.ofSeconds(10));
      System.out.println(redis.logs().text());
    }
  }
}
