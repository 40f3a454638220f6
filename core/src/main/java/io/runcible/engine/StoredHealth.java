package io.runcible.engine;

import io.runcible.image.HealthCheck;
import io.runcible.image.ImageConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The health check of a container as its record has it.
 *
 * @param test as in {@link HealthCheck}
 * @param shell what the text of {@code CMD-SHELL} is given to
 */
record StoredHealth(
    List<String> test,
    List<String> shell,
    long intervalMillis,
    long timeoutMillis,
    int retries,
    long startPeriodMillis,
    long startIntervalMillis) {
  private static final List<String> DEFAULT_SHELL = List.of("/bin/sh", "-c");

  static StoredHealth of(HealthCheck check, ImageConfig image) {
    return new StoredHealth(
        check.test(),
        image.shell().isEmpty() ? DEFAULT_SHELL : image.shell(),
        check.interval().toMillis(),
        check.timeout().toMillis(),
        check.retries(),
        check.startPeriod().toMillis(),
        check.startInterval().toMillis());
  }

  HealthCheck check() {
    return new HealthCheck(
        test,
        Duration.ofMillis(intervalMillis),
        Duration.ofMillis(timeoutMillis),
        retries,
        Duration.ofMillis(startPeriodMillis),
        Duration.ofMillis(startIntervalMillis));
  }

  /** The words to execute. */
  List<String> command() {
    List<String> words = new ArrayList<>(test.get(0).equals("CMD") ? List.of() : shell);
    words.addAll(test.subList(1, test.size()));
    return words;
  }
}
