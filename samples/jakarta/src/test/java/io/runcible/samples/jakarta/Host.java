package io.runcible.samples.jakarta;

import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What the test needs of the host, and what of it is in use. */
final class Host {
  private Host() {}

  /** Needs a program: without it the test is skipped, or fails where nothing may be skipped. */
  static Path require(String program, String debianPackage) {
    for (String directory : List.of("/usr/bin", "/bin")) {
      Path path = Path.of(directory, program);
      if (Files.isExecutable(path)) {
        return path;
      }
    }
    String missing = "'" + program + "' is missing: apt-get install " + debianPackage;
    if ("all".equals(System.getProperty("require.capabilities"))) {
      fail(missing);
    }
    return abort(missing);
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
    List<String> found = new ArrayList<>();
    try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
      for (Path process : processes.filter(path -> path.endsWith(number(path))).toList()) {
        try (Stream<String> lines = Files.lines(process.resolve("mountinfo"))) {
          lines.filter(line -> line.contains(directory.toString())).forEach(found::add);
        } catch (IOException | java.io.UncheckedIOException e) {
          // It has ended.
        }
      }
    }
    return found;
  }

  private static String number(Path path) {
    String name = path.getFileName().toString();
    return name.chars().allMatch(Character::isDigit) ? name : "/";
  }
}
