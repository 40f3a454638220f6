package io.runcible.engine;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;

/**
 * The files of a log in the format of Kubernetes: {@code 1.log}, {@code 2.log} and so on, of which
 * the last one grows. A number is never used again, so that a reader knows where it is whatever is
 * removed meanwhile. The classes of this log use nothing but the JDK: one JVM has them alone.
 *
 * @param directory with nothing else in it
 */
record CriLog(Path directory) {
  private static final String END = ".log";

  /** Longer lines are written in parts. */
  static final int MAX_PART = 16 << 10;

  /** Where something in the log begins. */
  record Position(long file, long offset) {
    static final Position START = new Position(0, 0);
  }

  Path file(long number) {
    return directory.resolve(number + END);
  }

  /** The numbers of the files that there are. */
  NavigableSet<Long> numbers() throws IOException {
    NavigableSet<Long> numbers = new TreeSet<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + END)) {
      for (Path file : files) {
        String name = file.getFileName().toString();
        try {
          numbers.add(Long.parseLong(name.substring(0, name.length() - END.length())));
        } catch (NumberFormatException e) {
          // None of ours.
        }
      }
    } catch (NoSuchFileException e) {
      return numbers;
    }
    return numbers;
  }

  /** Where the next entry will be, or later. */
  Position end() throws IOException {
    for (NavigableSet<Long> numbers = numbers(); !numbers.isEmpty(); numbers = numbers()) {
      try {
        return new Position(numbers.last(), Files.size(file(numbers.last())));
      } catch (NoSuchFileException e) {
        // Full, and removed as too old, since it was listed: there are newer ones.
      }
    }
    return Position.START;
  }

  /** The first file of at least that number. */
  Optional<Long> from(long number) throws IOException {
    return Optional.ofNullable(numbers().ceiling(number));
  }
}
