package io.runcible.engine;

import static org.assertj.core.api.Assertions.fail;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test that leaves anything behind: processes, mounts, control groups, what is unfinished
 * in the directories of its engines, open files and threads of this JVM. What goes away by itself
 * within a few seconds is not left.
 *
 * <p>An engine that the test opens must be closed before: register this extension first.
 */
public final class LeakCheck implements BeforeEachCallback, AfterEachCallback {
  private static final long PATIENCE_MILLIS = Rounds.patience(60).toMillis();
  private static final long PAUSE_MILLIS = 20;

  private final Supplier<List<Path>> roots;
  private Map<String, Integer> before = Map.of();

  /**
   * A check for engines whose directories lie below some roots.
   *
   * @param roots asked before and after each test
   */
  public LeakCheck(Supplier<List<Path>> roots) {
    this.roots = roots;
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    begin();
  }

  @Override
  public void afterEach(ExtensionContext context) {
    verify();
  }

  /** Remembers what is there. */
  public void begin() {
    before = look();
  }

  /** Fails if there is more now than before. */
  public void verify() {
    long deadline = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
    List<String> left = left();
    left.removeIf(HostResources::isOfAttaching);
    while (!left.isEmpty() && System.nanoTime() < deadline) {
      pause();
      // What comes and goes belongs to other tests of this host.
      left.retainAll(left());
    }
    if (!left.isEmpty()) {
      fail(
          "left behind:%n  %s",
          left.stream().map(HostResources::described).collect(Collectors.joining("\n  ")));
    }
  }

  private Map<String, Integer> look() {
    Map<String, Integer> seen = new TreeMap<>();
    for (String resource : HostResources.of(roots.get())) {
      seen.merge(resource, 1, Integer::sum);
    }
    return seen;
  }

  private List<String> left() {
    List<String> left = new ArrayList<>();
    look()
        .forEach(
            (resource, count) -> {
              if (count > before.getOrDefault(resource, 0)) {
                left.add(resource);
              }
            });
    return left;
  }

  static void pause() {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
