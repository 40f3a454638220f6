package io.runcible.layout;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.EntryType;
import io.runcible.archive.TarEntry;
import io.runcible.archive.TarReader;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Where the files of a tar archive lie in it. Names are taken strictly, so that no two readers can
 * take one for different things: none twice, none absolute, none with {@code ..}. Directories do
 * not count. Links and sparse files are known by name, and refused when one is asked for.
 */
final class TarMembers {
  /** More than any archive of images has; at most some tens of MiB of memory. */
  static final int MAX_ENTRIES = 100_000;

  private static final int MAX_NAME = 255;

  /** Content that is worth a seek. */
  private static final long SEEK = 1 << 20;

  /**
   * A file in the archive.
   *
   * @param problem why its content cannot be read; empty if it can
   * @param link the target, if it is a symbolic link; otherwise empty
   */
  record Member(long offset, long size, String problem, String link) {}

  private final Map<String, Member> members = new HashMap<>();
  private final String archive;

  private TarMembers(String archive) {
    this.archive = archive;
  }

  /**
   * Reads the headers of an archive, and seeks over content.
   *
   * @param file uncompressed
   * @param archive what it is called in messages
   */
  static TarMembers scan(Path file, String archive) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      return scan(channel, archive);
    }
  }

  /** The same of an open file. */
  static TarMembers scan(FileChannel file, String archive) throws IOException {
    TarMembers members = new TarMembers(archive);
    try {
      members.scan(file);
      return members;
    } catch (RuncibleException e) {
      throw new RuncibleException(e.kind(), archive + " cannot be used: " + e.getMessage(), e);
    }
  }

  private void scan(FileChannel channel) throws IOException {
    long end = channel.size();
    long base = 0;
    long entries = 0;
    TarReader tar = reader(channel, base);
    for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
      if (++entries > MAX_ENTRIES) {
        throw invalid("it has more than " + MAX_ENTRIES + " entries");
      }
      long offset = base + tar.position();
      add(entry, offset);
      if (entry.size() > SEEK && !entry.isSparse()) {
        base = offset + ((entry.size() + 511) & -512);
        if (base > end || base < 0) {
          throw new RuncibleException(
              ErrorKind.CORRUPT_DATA, "it is truncated in " + shown(entry.name()));
        }
        tar = reader(channel, base);
      }
    }
  }

  /** A reader cannot seek; a new one begins where the next header is. */
  private static TarReader reader(FileChannel channel, long offset) throws IOException {
    channel.position(offset);
    return new TarReader(
        Channels.newInputStream(channel), ArchiveLimits.DEFAULT.withMaxEntries(MAX_ENTRIES));
  }

  private void add(TarEntry entry, long offset) {
    if (entry.name().length() > MAX_NAME) {
      throw invalid("a name has more than " + MAX_NAME + " bytes: " + shown(entry.name()));
    }
    String name = normal(entry.name());
    if (entry.type() == EntryType.DIRECTORY) {
      return;
    }
    String problem =
        entry.isSparse()
            ? "a sparse file"
            : entry.type() == EntryType.FILE ? "" : "no regular file";
    String link = entry.type() == EntryType.SYMLINK ? entry.linkName() : "";
    if (link.length() > MAX_NAME) {
      throw invalid("the link " + shown(name) + " has more than " + MAX_NAME + " bytes");
    }
    if (members.put(name, new Member(offset, entry.size(), problem, link)) != null) {
      throw invalid("it has " + shown(name) + " twice");
    }
  }

  /** The name without a leading {@code ./} and a trailing slash. */
  private static String normal(String name) {
    int start = 0;
    while (name.startsWith("./", start)) {
      start += 2;
    }
    int end = name.length();
    while (end > start && name.charAt(end - 1) == '/') {
      end--;
    }
    String normal = name.substring(start, end);
    if (normal.isEmpty() || normal.equals(".")) {
      if (name.startsWith("/")) {
        throw invalid("the name " + shown(name) + " leads out of it");
      }
      return ".";
    }
    for (String part : normal.split("/", -1)) {
      if (part.isEmpty() || part.equals(".") || part.equals("..") || part.indexOf('\0') >= 0) {
        throw invalid("the name " + shown(name) + " leads out of it, or is not plain");
      }
    }
    return normal;
  }

  private static RuncibleException invalid(String reason) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, reason);
  }

  static String shown(String name) {
    return "'" + name.replaceAll("[^ -~]", "?") + "'";
  }

  boolean has(String name) {
    return members.containsKey(name);
  }

  /** The target of a symbolic link, as it is written there. */
  Optional<String> link(String name) {
    return Optional.ofNullable(members.get(name)).map(Member::link).filter(l -> !l.isEmpty());
  }

  /** A file whose content can be read; empty if it is missing. */
  Optional<Member> file(String name) {
    Optional<Member> found = Optional.ofNullable(members.get(name));
    if (found.isPresent() && !found.get().problem().isEmpty()) {
      throw invalid(shown(name) + " in " + archive + " is " + found.get().problem());
    }
    return found;
  }
}
