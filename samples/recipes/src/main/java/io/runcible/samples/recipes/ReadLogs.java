package io.runcible.samples.recipes;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.ExitStatus;
import io.runcible.engine.Ready;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.time.Duration;

/** Waits until a server is ready, follows what it writes, and stops it. */
final class ReadLogs {
  private ReadLogs() {}

  static Container start(ContainerEngine engine, ContainerSpec server) {
    Container container = engine.run(server);
    try {
      container.awaitReady(Ready.onLog("^ready$").within(Duration.ofSeconds(30)));
      return container;
    } catch (RuntimeException e) {
      container.close();
      throw e;
    }
  }

  static void follow(Container container) throws IOException {
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(container.process().stdout(), UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        System.out.println(container.id() + ": " + line);
      }
    }
  }

  static ExitStatus stop(Container container) {
    return container.stop(Duration.ofSeconds(10));
  }
}
