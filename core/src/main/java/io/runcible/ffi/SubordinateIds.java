package io.runcible.ffi;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A range of ids that an ordinary user may map into a user namespace ({@code subuid(5)}).
 *
 * @param start the first id on the host
 * @param count how many
 */
public record SubordinateIds(long start, long count) {

  /** The largest range that a file grants a user, by name or by number. */
  public static Optional<SubordinateIds> find(Path file, String name, int uid) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8)
          .lines()
          .map(line -> line.strip().split(":", -1))
          .filter(f -> f.length == 3 && (f[0].equals(name) || f[0].equals(String.valueOf(uid))))
          .flatMap(f -> parse(f[1], f[2]).stream())
          .reduce((a, b) -> b.count > a.count ? b : a);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static Optional<SubordinateIds> parse(String start, String count) {
    try {
      SubordinateIds ids = new SubordinateIds(Long.parseLong(start), Long.parseLong(count));
      boolean sane = ids.start > 0 && ids.count > 0 && ids.start + ids.count <= 0xffffffffL;
      return sane ? Optional.of(ids) : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }
}
