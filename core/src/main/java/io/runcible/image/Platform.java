package io.runcible.image;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * An operating system and a processor, in the names of the Go language as the OCI image index uses
 * them. Other usual names are understood and replaced ({@code x86_64} is {@code amd64}, {@code
 * aarch64} is {@code arm64}), and a variant that says nothing is dropped ({@code arm64/v8}, {@code
 * amd64/v1}), so equal platforms are equal objects.
 *
 * @param os such as {@code linux}
 * @param architecture such as {@code amd64}, {@code arm64}, {@code arm}
 * @param variant such as {@code v7}, where the architecture has variants
 */
public record Platform(String os, String architecture, Optional<String> variant) {
  private static final int MAX_PART = 64;

  private static final Map<String, String> SYSTEMS = Map.of("macos", "darwin");

  private static final Map<String, String> ARCHITECTURES =
      Map.ofEntries(
          Map.entry("x86_64", "amd64"),
          Map.entry("x86-64", "amd64"),
          Map.entry("x86", "386"),
          Map.entry("i386", "386"),
          Map.entry("i486", "386"),
          Map.entry("i586", "386"),
          Map.entry("i686", "386"),
          Map.entry("aarch64", "arm64"),
          Map.entry("loongarch64", "loong64"),
          Map.entry("mips64el", "mips64le"),
          Map.entry("mipsel", "mipsle"));

  /**
   * Checks and normalises the parts.
   *
   * @throws RuncibleException INVALID_INPUT when a part is empty or too long, has a character other
   *     than letters, digits, {@code .}, {@code _} and {@code -}, or does not begin with a letter
   *     or digit
   */
  public Platform {
    os = checked("operating system", os);
    architecture = checked("architecture", architecture);
    Optional<String> given =
        variant.isPresent() && !variant.get().isEmpty()
            ? Optional.of(numbered(checked("variant", variant.get())))
            : Optional.empty();
    os = SYSTEMS.getOrDefault(os, os);
    if (architecture.equals("armhf") || architecture.equals("armel")) {
      given = Optional.of(architecture.equals("armhf") ? "v7" : "v6");
      architecture = "arm";
    }
    architecture = ARCHITECTURES.getOrDefault(architecture, architecture);
    if (architecture.equals("arm") && given.isEmpty()) {
      given = Optional.of("v7");
    }
    String redundant = implied(architecture);
    variant = given.isPresent() && given.get().equals(redundant) ? Optional.empty() : given;
  }

  /** A platform without a variant. */
  public static Platform of(String os, String architecture) {
    return new Platform(os, architecture, Optional.empty());
  }

  /**
   * Reads {@code os/architecture} or {@code os/architecture/variant}, such as {@code
   * linux/arm64/v8}.
   *
   * @throws RuncibleException INVALID_INPUT when the text is not of this form
   */
  public static Platform parse(String text) {
    String[] parts = text.split("/", -1);
    if (parts.length < 2 || parts.length > 3) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          Shown.of(text)
              + " is not a platform: write os/architecture, such as linux/amd64, or"
              + " os/architecture/variant, such as linux/arm/v7");
    }
    if (parts.length == 3 && parts[2].isEmpty()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, Shown.of(text) + " is not a platform: the variant is empty");
    }
    return new Platform(
        parts[0], parts[1], parts.length == 3 ? Optional.of(parts[2]) : Optional.empty());
  }

  /**
   * What this host runs: Linux on the processor of this JVM. A host of another system has its
   * containers run by a Linux machine, so the system is {@code linux} there too.
   */
  public static Platform host() {
    return of("linux", System.getProperty("os.arch", "amd64"));
  }

  /**
   * Whether a host of this platform runs an image of the other: the same system and architecture,
   * and a variant that is not newer. An {@code arm/v7} host runs {@code arm/v6}; an {@code amd64}
   * host, which is the first variant, does not run {@code amd64/v3}.
   */
  public boolean matches(Platform offered) {
    if (!os.equals(offered.os) || !architecture.equals(offered.architecture)) {
      return false;
    }
    List<Integer> mine = level();
    List<Integer> other = offered.level();
    if (mine.isEmpty() || other.isEmpty()) {
      return variant.equals(offered.variant);
    }
    return compare(other, mine) <= 0;
  }

  /**
   * Orders what is offered by how well it suits a host of this platform, the best first; among
   * platforms that {@linkplain #matches match}, that is the newest variant.
   */
  public Comparator<Platform> preference() {
    return Comparator.<Platform, Boolean>comparing(offered -> !matches(offered))
        .thenComparing(Platform::level, ((Comparator<List<Integer>>) Platform::compare).reversed());
  }

  /** Orders levels, the oldest first; none is older than all. */
  private static int compare(List<Integer> left, List<Integer> right) {
    if (left.isEmpty() || right.isEmpty()) {
      return Boolean.compare(right.isEmpty(), left.isEmpty());
    }
    int major = Integer.compare(left.get(0), right.get(0));
    return major != 0 ? major : Integer.compare(left.get(1), right.get(1));
  }

  /** The variant {@code v8.2} as 8 and 2; empty when it is not of that form. */
  private List<Integer> level() {
    String text = variant.orElse(implied(architecture));
    int dot = text.indexOf('.');
    String major = text.substring(Math.min(1, text.length()), dot < 0 ? text.length() : dot);
    String minor = dot < 0 ? "0" : text.substring(dot + 1);
    return text.startsWith("v") && isSmallNumber(major) && isSmallNumber(minor)
        ? List.of(Integer.parseInt(major), Integer.parseInt(minor))
        : List.of();
  }

  /** The variant that an architecture has when none is named; empty when there is no such thing. */
  private static String implied(String architecture) {
    return switch (architecture) {
      case "amd64" -> "v1";
      case "arm64" -> "v8";
      default -> "";
    };
  }

  /** {@code 7} as {@code v7}; {@code v8.0} as {@code v8}. */
  private static String numbered(String variant) {
    String named = isSmallNumber(variant) ? "v" + variant : variant;
    return named.endsWith(".0") ? named.substring(0, named.length() - 2) : named;
  }

  private static boolean isSmallNumber(String text) {
    return !text.isEmpty()
        && text.length() <= 4
        && text.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  private static String checked(String part, String value) {
    boolean sane = !value.isEmpty() && value.length() <= MAX_PART && isWord(value.charAt(0));
    for (int i = 0; sane && i < value.length(); i++) {
      char c = value.charAt(i);
      sane = isWord(c) || c == '.' || c == '_' || c == '-';
    }
    if (!sane) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          Shown.of(value)
              + " is not the "
              + part
              + " of a platform: it has 1 to "
              + MAX_PART
              + " letters, digits, '.', '_' or '-' and begins with a letter or a digit");
    }
    return value.toLowerCase(Locale.ROOT);
  }

  private static boolean isWord(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }

  /** {@code os/architecture} or {@code os/architecture/variant}. */
  @Override
  public String toString() {
    return os + "/" + architecture + variant.map(v -> "/" + v).orElse("");
  }
}
