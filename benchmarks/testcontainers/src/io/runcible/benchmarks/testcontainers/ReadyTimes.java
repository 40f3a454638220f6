package io.runcible.benchmarks.testcontainers;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/**
 * A side in a JVM that stays: for each kind that it reads, it starts the service, has an answer of
 * it, and prints the nanoseconds that this took; then it removes it, and prints an empty line.
 */
public final class ReadyTimes {
  private ReadyTimes() {}

  /** Answers until the input ends. */
  public static void main(String[] args) throws Exception {
    try (Side side = Side.named(args[0])) {
      BufferedReader commands =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String kind = commands.readLine(); kind != null; kind = commands.readLine()) {
        long begin = System.nanoTime();
        try (Side.Service service = side.start(kind)) {
          Client.use(kind, service.port());
          // In nanoseconds, since a fresh JVM loads a hundred classes to write a fraction.
          System.out.println(System.nanoTime() - begin);
        }
        System.out.println();
      }
    }
    // Testcontainers leaves threads behind that are no daemons.
    System.exit(0);
  }
}
