package io.runcible.engine;

import io.runcible.ffi.ProcessStat;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads processes from {@code /proc}. What a process says of itself is hostile: only so much of it
 * is read, and control characters are not passed on. A process that ends meanwhile is left out.
 */
final class ProcessTable {
  private static final Path PROC = Path.of("/proc");
  private static final int MAX_STATUS = 64 << 10;
  private static final int MAX_COMMAND = 4096;

  /** Whoever hides below more processes than that is not found. */
  private static final int MAX_DEPTH = 1000;

  /** The kernel tells times to programs in hundredths of a second, whatever it counts in itself. */
  private static final long NANOS_PER_TICK = 10_000_000;

  private final Map<Long, String> users;
  private final Instant boot;

  /**
   * A table.
   *
   * @param users the names of the container's users
   */
  ProcessTable(Map<Long, String> users) {
    this.users = users;
    this.boot = Instant.ofEpochSecond(bootSeconds());
  }

  /**
   * The processes of a container by its first one, for a host without control groups: those in the
   * same pid namespace, which may be that of several containers, that see the same mounts or
   * descend from one that does.
   */
  static List<Integer> ofContainer(int pid) {
    // If the process is gone, the rest of its namespace went with it.
    Path mounts = linkOf(process(pid).resolve("ns/mnt"));
    return mounts == null
        ? List.of()
        : inNamespace(namespace(pid)).stream().filter(one -> descends(one, mounts)).toList();
  }

  private static boolean descends(int pid, Path mounts) {
    int ancestor = pid;
    for (int depth = 0; depth < MAX_DEPTH && ancestor > 0; depth++) {
      if (mounts.equals(linkOf(process(ancestor).resolve("ns/mnt")))) {
        return true;
      }
      // None if it has ended.
      ancestor = ProcessStat.of(process(ancestor)).map(ProcessStat::parent).orElse(0);
    }
    return false;
  }

  /** How the pid namespace of a process is called; empty if that has ended. */
  static String namespace(int pid) {
    Path link = linkOf(process(pid).resolve("ns/pid"));
    return link == null ? "" : link.toString();
  }

  /** The numbers of the processes in a namespace. */
  static List<Integer> inNamespace(String name) {
    Path namespace = Path.of(name);
    List<Integer> found = new ArrayList<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path process : processes) {
        if (namespace.equals(linkOf(process.resolve("ns/pid")))) {
          found.add(Integer.valueOf(process.getFileName().toString()));
        }
      }
    } catch (IOException e) {
      return List.of();
    }
    return found;
  }

  private static @Nullable Path linkOf(Path link) {
    try {
      return Files.readSymbolicLink(link);
    } catch (IOException e) {
      return null;
    }
  }

  List<ProcessInfo> read(Collection<Integer> pids) {
    Map<Integer, Found> found = new LinkedHashMap<>();
    for (int pid : pids.stream().sorted().toList()) {
      try {
        ProcessStat stat = ProcessStat.of(process(pid)).orElseThrow();
        found.put(pid, new Found(status(pid), stat, command(pid)));
      } catch (IOException | RuntimeException e) {
        // It has ended, or is about to.
      }
    }
    List<ProcessInfo> infos = new ArrayList<>();
    found.forEach((pid, one) -> infos.add(one.info(pid, found)));
    return infos;
  }

  private final class Found {
    private final Map<String, String> status;
    private final ProcessStat stat;
    private final String command;
    private final int pid;

    Found(Map<String, String> status, ProcessStat stat, String command) {
      this.status = status;
      this.stat = stat;
      this.command = command;
      this.pid = Integer.parseInt(last(field("NSpid")));
    }

    private String field(String key) {
      return Objects.requireNonNull(status.get(key));
    }

    /** In kB; nothing of a process that has none left. */
    private long memory() {
      String kilobytes = status.getOrDefault("VmRSS", "0 kB").split(" ", 2)[0];
      return Long.parseLong(kilobytes) << 10;
    }

    ProcessInfo info(int hostPid, Map<Integer, Found> others) {
      Found parent = others.get(Integer.valueOf(field("PPid")));
      long uid = insideUid(hostPid, Long.parseLong(field("Uid").split("\\s+", -1)[0]));
      return new ProcessInfo(
          pid,
          parent == null ? 0 : parent.pid,
          hostPid,
          uid,
          users.getOrDefault(uid, String.valueOf(uid)),
          stat.state(),
          boot.plusNanos(stat.startTicks() * NANOS_PER_TICK),
          Duration.ofNanos(stat.cpuTicks() * NANOS_PER_TICK),
          memory(),
          command.isEmpty() ? "[" + printable(field("Name")) + "]" : command);
    }
  }

  private static String last(String words) {
    return words.substring(words.lastIndexOf('\t') + 1);
  }

  /** What the id is in the user namespace of the process. */
  private static long insideUid(int pid, long uid) {
    try {
      for (String line : read(process(pid).resolve("uid_map"), MAX_STATUS).split("\n", -1)) {
        String[] range = line.strip().split("\\s+", -1);
        if (range.length == 3) {
          long offset = uid - Long.parseLong(range[1]);
          if (offset >= 0 && offset < Long.parseLong(range[2])) {
            return Long.parseLong(range[0]) + offset;
          }
        }
      }
    } catch (IOException e) {
      // It has ended; the number of the host will do.
    }
    return uid;
  }

  private static Map<String, String> status(int pid) throws IOException {
    Map<String, String> fields = new HashMap<>();
    for (String line : read(process(pid).resolve("status"), MAX_STATUS).split("\n", -1)) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        fields.putIfAbsent(line.substring(0, colon), line.substring(colon + 1).strip());
      }
    }
    return fields;
  }

  private static String command(int pid) throws IOException {
    String line = read(process(pid).resolve("cmdline"), MAX_COMMAND);
    int end = line.length();
    while (end > 0 && line.charAt(end - 1) == '\0') {
      end--;
    }
    return printable(line.substring(0, end));
  }

  private static String printable(String text) {
    StringBuilder clean = new StringBuilder();
    text.codePoints()
        .limit(MAX_COMMAND)
        .forEach(c -> clean.appendCodePoint(c == 0 ? ' ' : isPrintable(c) ? c : '?'));
    return clean.toString();
  }

  /** Also none of those that turn the direction of the text around them. */
  private static boolean isPrintable(int c) {
    int type = Character.getType(c);
    return type != Character.CONTROL
        && type != Character.FORMAT
        && type != Character.LINE_SEPARATOR
        && type != Character.PARAGRAPH_SEPARATOR
        && type != Character.SURROGATE;
  }

  private static long bootSeconds() {
    try {
      for (String line : read(PROC.resolve("stat"), 1 << 20).split("\n", -1)) {
        if (line.startsWith("btime ")) {
          return Long.parseLong(line.substring("btime ".length()).strip());
        }
      }
    } catch (IOException e) {
      // As if the host had booted at the epoch.
    }
    return 0;
  }

  private static Path process(int pid) {
    return PROC.resolve(String.valueOf(pid));
  }

  private static String read(Path file, int limit) throws IOException {
    // Not a channel, which an interrupt would close.
    try (InputStream stream = new FileInputStream(file.toFile())) {
      return new String(stream.readNBytes(limit), StandardCharsets.UTF_8);
    }
  }
}
