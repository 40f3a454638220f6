package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/** A volume to make. Immutable; each method gives a new one. */
public final class VolumeSpec {
  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}");
  private static final int MAX_SHOWN = 140;

  private final String name;
  private final Map<String, String> labels;
  private final boolean filled;
  private final OptionalLong maxBytes;

  private VolumeSpec(
      String name, Map<String, String> labels, boolean filled, OptionalLong maxBytes) {
    this.name = name;
    this.labels = labels;
    this.filled = filled;
    this.maxBytes = maxBytes;
  }

  /**
   * A volume that is filled at its first use.
   *
   * @param name 1 to 128 of {@code [a-zA-Z0-9_.-]}, a letter or digit first
   * @throws RuncibleException INVALID_INPUT for another name
   */
  public static VolumeSpec of(String name) {
    requireName(name);
    return new VolumeSpec(name, Map.of(), true, OptionalLong.empty());
  }

  static void requireName(String name) {
    if (!NAME.matcher(name).matches()) {
      String shown = name.length() > MAX_SHOWN ? name.substring(0, MAX_SHOWN) + "…" : name;
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "'"
              + shown.replaceAll("\\p{Cntrl}", "?")
              + "' is no name of a volume: up to 128 of a-z A-Z 0-9 _ . - after a letter or digit");
    }
  }

  /** With a label. */
  public VolumeSpec label(String key, String value) {
    if (key.isEmpty()) {
      throw new RuncibleException(ErrorKind.INVALID_INPUT, "a label needs a key");
    }
    Map<String, String> more = new LinkedHashMap<>(labels);
    more.put(key, value);
    return new VolumeSpec(name, Map.copyOf(more), filled, maxBytes);
  }

  /** Never filled from an image. */
  public VolumeSpec withoutCopy() {
    return new VolumeSpec(name, labels, false, maxBytes);
  }

  /**
   * With a limit of what it holds, as {@code 64m}; a write beyond fails with EDQUOT or ENOSPC.
   * Needs what {@link ContainerSpec.Builder#writableLimit} needs.
   */
  public VolumeSpec size(String limit) {
    long bytes = Limits.parseSize(limit);
    if (bytes < 1) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "a volume of " + bytes + " bytes holds nothing");
    }
    return new VolumeSpec(name, labels, filled, OptionalLong.of(bytes));
  }

  public String name() {
    return name;
  }

  public Map<String, String> labels() {
    return labels;
  }

  /** Whether it is filled at its first use. */
  public boolean isFilled() {
    return filled;
  }

  /** The most that it holds, in bytes. */
  public OptionalLong maxBytes() {
    return maxBytes;
  }
}
