package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;

/** Lets one call of the C library after the other fail, and looks at what stays open. */
public final class EachCall {
  private EachCall() {}

  /**
   * Opens something again and again, and each time another call fails; what came of it is closed.
   * No more files are open then than before.
   */
  public static void closesWhatItOpened(Callable<AutoCloseable> opening) throws Exception {
    // The classes are loaded then.
    opening.call().close();
    boolean reached = true;
    for (int call = 1; reached; call++) {
      Set<String> before = openFiles();
      String failed;
      AutoCloseable opened = () -> {};
      try (FailingCalls failing = FailingCalls.at(call, Errno.EMFILE)) {
        try {
          opened = opening.call();
        } catch (RuncibleException e) {
          // It says so, or does without.
        }
        failed = failing.failed();
        reached = failing.count() >= call;
      }
      opened.close();
      assertNoMoreThan(before, "call " + call + ", " + failed);
    }
  }

  /** Asserts that no more files are open than before. */
  public static void assertNoMoreThan(Set<String> before, String what)
      throws IOException, InterruptedException {
    Set<String> more = more(before);
    // The JVM itself looks into its control group now and then: what is left open stays.
    for (int i = 0; i < 100 && !more.isEmpty(); i++) {
      Thread.sleep(10);
      more = more(before);
    }
    assertThat(more).as(what).isEmpty();
  }

  private static Set<String> more(Set<String> before) throws IOException {
    Set<String> more = openFiles();
    more.removeAll(before);
    // Classes are loaded when they are needed.
    more.removeIf(file -> file.endsWith(".jar"));
    return more;
  }

  /** The files that this process has open, by number and name. */
  public static Set<String> openFiles() throws IOException {
    Set<String> open = new TreeSet<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path file : files) {
        try {
          open.add(file.getFileName() + " " + Files.readSymbolicLink(file));
        } catch (NoSuchFileException e) {
          // That of the list, or closed since.
        }
      }
    }
    open.removeIf(file -> file.endsWith("/fd"));
    return open;
  }
}
