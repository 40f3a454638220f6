package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The labels that podman gives to a container's processes and files.
 *
 * @param process of its processes
 * @param files of its files
 */
record SelinuxLabels(String process, String files) {
  private static final int CATEGORIES = 1024;

  /**
   * With what the words after {@code label=} change; by default with categories that no other
   * container has.
   */
  static SelinuxLabels of(List<String> options) {
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put("user", "system_u");
    parts.put("role", "system_r");
    parts.put("type", "container_t");
    parts.put("filetype", "container_file_t");
    parts.put("level", "s0:" + categories());
    for (String option : options) {
      String[] part = option.split("[:=]", 2);
      if (part.length < 2 || parts.replace(part[0], part[1]) == null) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT,
            "'label="
                + option
                + "' is neither disable nor PART:VALUE, of "
                + String.join(", ", parts.keySet()));
      }
    }
    String level = ":" + parts.get("level");
    return new SelinuxLabels(
        parts.get("user") + ":" + parts.get("role") + ":" + parts.get("type") + level,
        parts.get("user") + ":object_r:" + parts.get("filetype") + level);
  }

  /** Two that differ, the smaller one first. */
  private static String categories() {
    SecureRandom random = new SecureRandom();
    int one = random.nextInt(CATEGORIES);
    int other = (one + 1 + random.nextInt(CATEGORIES - 1)) % CATEGORIES;
    return "c" + Math.min(one, other) + ",c" + Math.max(one, other);
  }
}
