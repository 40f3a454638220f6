package io.runcible.registry;

import io.runcible.image.ImageReference;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * One {@code [[registry]]} of a registries.conf.
 *
 * @param prefix the names it is about; {@code *.example} stands for all hosts below {@code example}
 * @param location what the prefix is replaced by; empty when names stay
 * @param insecure what it says about that, if anything
 * @param blocked whether the names must not be used
 * @param mirrors what is asked before the location, in order
 * @param origin the file
 */
record RegistryTable(
    String prefix,
    Optional<String> location,
    Optional<Boolean> insecure,
    boolean blocked,
    List<Mirror> mirrors,
    Path origin) {
  private static final String WILDCARD = "*.";

  RegistryTable {
    mirrors = List.copyOf(mirrors);
  }

  /** For which references a mirror is asked. */
  enum Use {
    ALL,
    DIGEST_ONLY,
    TAG_ONLY;

    boolean covers(ImageReference reference) {
      return this == ALL || (this == DIGEST_ONLY) == reference.digest().isPresent();
    }
  }

  /** A {@code [[registry.mirror]]}. */
  record Mirror(String location, Optional<Boolean> insecure, Use use) {}

  static boolean isWildcard(String prefix) {
    return prefix.startsWith(WILDCARD);
  }

  /**
   * How many characters of a full reference, or of a registry alone, the prefix covers; -1 when it
   * does not match. A prefix ends where a part of the name ends.
   */
  int match(String reference) {
    if (isWildcard(prefix)) {
      int end = hostEnd(reference);
      String host = reference.substring(0, end);
      return host.endsWith(prefix.substring(1)) ? end : -1;
    }
    if (!reference.startsWith(prefix)) {
      return -1;
    }
    if (reference.length() == prefix.length()) {
      return prefix.length();
    }
    char next = reference.charAt(prefix.length());
    // After a registry, a colon begins a port, so that this would be another registry.
    boolean repository = prefix.indexOf('/') >= 0;
    boolean ends = next == '/' || (repository && (next == ':' || next == '@'));
    return ends ? prefix.length() : -1;
  }

  /** Where the host without its port ends. */
  private static int hostEnd(String reference) {
    int slash = reference.indexOf('/');
    int end = slash < 0 ? reference.length() : slash;
    int colon = reference.lastIndexOf(':', end - 1);
    return colon < 0 ? end : colon;
  }

  /** What replaces the part of a name that the prefix covers. */
  Remap remap(ImageReference reference, String to) {
    String covered = reference.toString().substring(0, match(reference.toString()));
    // A prefix may name a tag or a digest, which stay as they are.
    String name = reference.name();
    return new Remap(covered.length() > name.length() ? name : covered, to);
  }
}
