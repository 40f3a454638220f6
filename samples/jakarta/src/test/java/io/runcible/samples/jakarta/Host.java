package io.runcible.samples.jakarta;

import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** What the test needs of the host, and what of it is in use. */
final class Host {
  private static final int PATIENCE_SECONDS = 60;
  private static final int PAUSE_MILLIS = 50;

  private Host() {}

  /** Needs a program: without it the test is skipped, or fails where nothing may be skipped. */
  static Path require(String debianPackage, String name) {
    for (String directory : List.of("/usr/bin", "/bin")) {
      Path path = Path.of(directory, name);
      if (Files.isExecutable(path)) {
        return path;
      }
    }
    throw lacking("'" + name + "' is missing: apt-get install " + debianPackage);
  }

  /** Skips the test, or fails where nothing may be skipped. */
  static RuntimeException lacking(String missing) {
    if ("all".equals(System.getProperty("require.capabilities"))) {
      fail(missing);
    }
    return abort(missing);
  }

  /** The addresses, as the kernel writes them, on which a TCP port is listened to. */
  static List<String> listening(int port) throws IOException {
    List<String> addresses = new ArrayList<>();
    for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
      if (Files.exists(Path.of(table))) {
        for (String line : Files.readAllLines(Path.of(table))) {
          String[] fields = line.strip().split(" +");
          if (fields[1].endsWith(String.format(":%04X", port)) && fields[3].equals("0A")) {
            addresses.add(fields[1].substring(0, fields[1].indexOf(':')));
          }
        }
      }
    }
    return addresses;
  }

  /** What a process has open, without the numbers that differ from one to the next. */
  static List<String> descriptors(long pid) throws IOException {
    List<String> open = new ArrayList<>();
    try (Stream<Path> files = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      for (Path file : files.toList()) {
        try {
          open.add(Files.readSymbolicLink(file).toString().replaceAll("\\[\\d+]", ""));
        } catch (IOException e) {
          // Closed meanwhile.
        }
      }
    }
    return open;
  }

  /** The mounts of all processes of which a directory is part, and thereby the containers. */
  static List<String> mounts(Path directory) throws IOException {
    return processes("mountinfo")
        .flatMap(String::lines)
        .filter(line -> line.contains(directory.toString()))
        .toList();
  }

  /** Whether a process has a command with these words. */
  static boolean runs(String command) throws IOException {
    return processes("cmdline").anyMatch(line -> line.replace('\0', ' ').strip().equals(command));
  }

  /** A file of each process; that of one that has ended is empty. */
  private static Stream<String> processes(String file) throws IOException {
    try (Stream<Path> entries = Files.list(Path.of("/proc"))) {
      return entries
          .filter(entry -> entry.getFileName().toString().matches("\\d+"))
          .map(process -> read(process.resolve(file)))
          .toList()
          .stream();
    }
  }

  private static String read(Path file) {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }

  /** Waits until something is so. */
  static void await(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!condition.call()) {
      if (System.nanoTime() > deadline) {
        fail("waited in vain for " + what);
      }
      Thread.sleep(PAUSE_MILLIS);
    }
  }
}
