package io.runcible.benchmarks.testcontainers;

import java.io.File;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** The servers on the host, by the command that the system property says for each kind. */
final class BareSide implements Side {
  @Override
  public Service start(String kind) throws IOException, InterruptedException {
    int port = kind.equals("postgres") ? 5432 : 6379;
    Process server =
        new ProcessBuilder(System.getProperty("bare"), kind)
            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    while (!Client.answers(kind, port)) {
      if (!server.isAlive()) {
        throw new IllegalStateException(kind + " ended with " + server.exitValue());
      }
      TimeUnit.MILLISECONDS.sleep(1);
    }
    return new Service() {
      @Override
      public int port() {
        return port;
      }

      @Override
      public void close() {
        // The first process of the namespace, with which all others end; then the port is free.
        server.descendants().forEach(ProcessHandle::destroyForcibly);
        server.destroyForcibly();
        try {
          server.waitFor();
          while (Client.answers(kind, port)) {
            TimeUnit.MILLISECONDS.sleep(1);
          }
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    };
  }

  @Override
  public void close() {}
}
