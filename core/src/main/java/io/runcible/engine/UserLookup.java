package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Errno;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.PrivilegedHost;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whom a container runs as, from the user that the image or the caller names and the
 * container's own {@code /etc/passwd} and {@code /etc/group}. Those files are the image's, that is
 * hostile: they are opened inside the root, must be regular, and only so much of them is read.
 */
final class UserLookup {
  private static final int MAX_FILE = 4 << 20;
  private static final int MAX_GROUPS = 1024;
  private static final int MAX_NAMES = 10_000;
  private static final long MAX_ID = Integer.MAX_VALUE;

  private final FileDescriptor root;

  private UserLookup(FileDescriptor root) {
    this.root = root;
  }

  /**
   * Whom to run as.
   *
   * @param uid user
   * @param gid group
   * @param groups further groups
   * @param home the home directory
   */
  record Identity(int uid, int gid, List<Integer> groups, String home) {
    private Identity with(List<Integer> more) {
      TreeSet<Integer> all = new TreeSet<>(groups);
      all.addAll(more);
      return more.isEmpty() ? this : new Identity(uid, gid, List.copyOf(all), home);
    }

    /** As far as a namespace with a single id has it. */
    Identity withOneId() {
      if (uid != 0 || gid != 0) {
        throw new RuncibleException(
            ErrorKind.UNSUPPORTED,
            "user "
                + uid
                + ":"
                + gid
                + " of the container has no id on this host: its caller has no subordinate ids;"
                + " see /etc/subuid and /etc/subgid, and install newuidmap (Debian: uidmap)");
      }
      return new Identity(uid, gid, List.of(), home);
    }
  }

  /**
   * Resolves {@code user[:group]}, each a name or a number; empty means root.
   *
   * @throws RuncibleException INVALID_INPUT for a number out of range, NOT_FOUND for a name that
   *     the container does not have, UNSUPPORTED for one that the host has no id for
   */
  static Identity find(PrivilegedHost host, Path rootfs, String text) {
    return find(host, rootfs, text, List.of());
  }

  /** The same with further groups, each a name or a number. */
  static Identity find(PrivilegedHost host, Path rootfs, String text, List<String> groups) {
    Identity found = find(rootfs, text).with(groups(rootfs, groups));
    return host.rootless() && !host.hasIdRange() ? found.withOneId() : found;
  }

  static Identity find(Path rootfs, String text) {
    try (FileDescriptor root = FileCalls.openDirectory(rootfs)) {
      return new UserLookup(root).resolve(text);
    }
  }

  private static List<Integer> groups(Path rootfs, List<String> texts) {
    if (texts.isEmpty()) {
      return List.of();
    }
    if (texts.size() > MAX_GROUPS) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, texts.size() + " groups: a user has up to " + MAX_GROUPS);
    }
    try (FileDescriptor root = FileCalls.openDirectory(rootfs)) {
      List<String[]> groupFile = new UserLookup(root).read("etc/group", 4);
      return texts.stream().map(text -> findGroup(groupFile, text)).toList();
    }
  }

  /** The names of a container's users by number, the first of each; none that cannot be read. */
  static Map<Long, String> names(Path rootfs) {
    Map<Long, String> names = new HashMap<>();
    try (FileDescriptor root = FileCalls.openDirectory(rootfs)) {
      for (String[] fields : new UserLookup(root).read("etc/passwd", 7)) {
        id(fields[2])
            .filter(id -> names.size() < MAX_NAMES)
            .ifPresent(id -> names.putIfAbsent((long) id, shown(fields[0])));
      }
    } catch (RuncibleException e) {
      // Whoever lists processes gets numbers.
      return names;
    }
    return names;
  }

  private Identity resolve(String text) {
    int colon = text.indexOf(':');
    String user = colon < 0 ? text : text.substring(0, colon);
    String group = colon < 0 ? "" : text.substring(colon + 1);
    Optional<Integer> numericUser = number(user.isEmpty() ? "0" : user, "user");
    List<String[]> passwd = read("etc/passwd", 7);
    String[] entry = entry(passwd, numericUser, user);
    if (numericUser.isEmpty() && entry == null) {
      throw unknown("user", user, "etc/passwd");
    }
    int uid = (entry == null || numericUser.isPresent() ? numericUser : id(entry[2])).orElseThrow();
    List<String[]> groupFile = read("etc/group", 4);
    if (entry == null) {
      int gid = group.isEmpty() ? 0 : findGroup(groupFile, group);
      return new Identity(uid, gid, List.of(), usualHome(uid));
    }
    int gid = group.isEmpty() ? id(entry[3]).orElse(0) : findGroup(groupFile, group);
    // A group that was asked for stands alone, as in the other engines.
    List<Integer> groups = group.isEmpty() ? memberships(groupFile, entry[0], gid) : List.of();
    return new Identity(uid, gid, groups, isPlainPath(entry[5]) ? entry[5] : usualHome(uid));
  }

  /** The first of this number or, without one, of this name and any number. */
  private static String @Nullable [] entry(
      List<String[]> passwd, Optional<Integer> number, String name) {
    for (String[] fields : passwd) {
      Optional<Integer> id = id(fields[2]);
      if (number.isPresent() ? id.equals(number) : fields[0].equals(name) && id.isPresent()) {
        return fields;
      }
    }
    return null;
  }

  private static String usualHome(int uid) {
    return uid == 0 ? "/root" : "/";
  }

  private static int findGroup(List<String[]> groupFile, String group) {
    return number(group, "group")
        .or(
            () ->
                groupFile.stream()
                    .filter(f -> f[0].equals(group))
                    .flatMap(f -> id(f[2]).stream())
                    .findFirst())
        .orElseThrow(() -> unknown("group", group, "etc/group"));
  }

  private static List<Integer> memberships(List<String[]> groupFile, String name, int primary) {
    TreeSet<Integer> groups = new TreeSet<>();
    for (String[] fields : groupFile) {
      if (List.of(fields[3].split(",", -1)).contains(name)) {
        id(fields[2]).filter(id -> id != primary).ifPresent(groups::add);
      }
      if (groups.size() >= MAX_GROUPS) {
        break;
      }
    }
    return List.copyOf(groups);
  }

  /** A number is never looked up as a name, and one that is out of range is nobody's. */
  private static Optional<Integer> number(String text, String what) {
    if (!isNumber(text)) {
      return Optional.empty();
    }
    Optional<Integer> id = id(text);
    if (id.isEmpty()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "the " + what + " id " + shown(text) + " is larger than " + MAX_ID);
    }
    return id;
  }

  private static boolean isNumber(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return false;
      }
    }
    return !text.isEmpty();
  }

  private static Optional<Integer> id(String text) {
    if (text.length() > 10 || !isNumber(text)) {
      return Optional.empty();
    }
    long id = Long.parseLong(text);
    return id <= MAX_ID ? Optional.of((int) id) : Optional.empty();
  }

  private static boolean isPlainPath(String home) {
    for (int i = 0; i < home.length(); i++) {
      if (Character.isISOControl(home.charAt(i))) {
        return false;
      }
    }
    return home.startsWith("/");
  }

  private List<String[]> read(String file, int fields) {
    List<String[]> lines = new ArrayList<>();
    try (FileDescriptor descriptor = FileCalls.openFileInRoot(root, file);
        InputStream stream = Files.newInputStream(Path.of(descriptor.procPath()))) {
      String text = new String(stream.readNBytes(MAX_FILE), StandardCharsets.UTF_8);
      for (String line : text.lines().toList()) {
        String[] parts = line.split(":", -1);
        if (parts.length >= fields) {
          lines.add(parts);
        }
      }
      return lines;
    } catch (NativeException e) {
      boolean absent =
          e.kind() == ErrorKind.NOT_FOUND
              || e.kind() == ErrorKind.FAILED_PRECONDITION
              || e.errno() == Errno.ELOOP;
      if (absent) {
        return lines;
      }
      throw e;
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot read /" + file + " of the container", e);
    }
  }

  private static RuncibleException unknown(String what, String name, String file) {
    return new RuncibleException(
        ErrorKind.NOT_FOUND,
        "the container has no " + what + " '" + shown(name) + "' in its /" + file);
  }

  private static String shown(String text) {
    String cut = text.length() > 60 ? text.substring(0, 60) + "…" : text;
    return cut.replaceAll("\\p{Cntrl}", "?");
  }
}
