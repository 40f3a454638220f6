package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Whether a mount of the host tells others of the mounts below it (proc_pid_mountinfo(5)). */
final class MountPropagation {
  private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
  private static final int MOUNT_POINT = 4;
  private static final int TAGS = 6;

  private MountPropagation() {}

  static void require(Mount mount) {
    try {
      Path source = mount.source().orElseThrow().toRealPath();
      // Not as text of the host's, of which there may be none.
      List<String> lines = Files.readAllLines(MOUNTS, StandardCharsets.ISO_8859_1);
      if (!propagates(source, lines, mount.propagation())) {
        throw new RuncibleException(
            ErrorKind.FAILED_PRECONDITION,
            "mounts do not propagate to and from '"
                + mount.destination()
                + "': the mount that '"
                + source
                + "' is on is private; make it shared with 'mount --make-rshared'");
      }
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot read '" + MOUNTS + "'", e);
    }
  }

  static boolean propagates(Path source, List<String> mounts, Mount.Propagation wanted) {
    String path = raw(source.toString());
    Optional<String[]> found = Optional.empty();
    int longest = -1;
    for (String line : mounts) {
      String[] fields = line.split(" ", -1);
      if (fields.length > TAGS) {
        String point = unescape(fields[MOUNT_POINT]);
        String prefix = point.endsWith("/") ? point : point + "/";
        // The last one of a place covers those before it.
        if ((path + "/").startsWith(prefix) && prefix.length() >= longest) {
          longest = prefix.length();
          found = Optional.of(fields);
        }
      }
    }
    return found.map(fields -> has(fields, wanted)).orElse(false);
  }

  private static boolean has(String[] fields, Mount.Propagation wanted) {
    return Arrays.stream(fields)
        .skip(TAGS)
        .takeWhile(tag -> !tag.equals("-"))
        .anyMatch(
            tag ->
                tag.startsWith("shared:")
                    || (wanted == Mount.Propagation.SLAVE && tag.startsWith("master:")));
  }

  private static String raw(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  private static String unescape(String field) {
    return field
        .replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\");
  }
}
