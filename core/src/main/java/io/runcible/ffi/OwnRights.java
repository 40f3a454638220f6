package io.runcible.ffi;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.StringTokenizer;

/**
 * What the kernel lets a process do besides what its user may (capabilities(7), {@code
 * user_namespaces(7)}). What cannot be read counts as let.
 *
 * @param effective its effective capabilities
 * @param bounding the most that a set-id program of it gets
 * @param gainsNothing whether set-id programs give it nothing
 * @param uids lines of its {@code uid_map}
 * @param gids lines of its {@code gid_map}
 */
public record OwnRights(
    long effective, long bounding, boolean gainsNothing, List<String> uids, List<String> gids) {
  private static final long ALL = -1;
  private static final long SETGID = 1L << 6;
  private static final long SETUID = 1L << 7;
  private static final long SYS_ADMIN = 1L << 21;
  private static final long SETFCAP = 1L << 31;
  private static final long IDS = 0xffffffffL;

  /** Copies the lists. */
  public OwnRights {
    uids = List.copyOf(uids);
    gids = List.copyOf(gids);
  }

  /** Those of this process. */
  public static OwnRights ofThisProcess() {
    return of(Path.of("/proc/self"));
  }

  /** Those of the process of a directory in {@code /proc}. */
  public static OwnRights of(Path process) {
    List<String> status = lines(process.resolve("status"));
    return new OwnRights(
        mask(status, "CapEff:"),
        mask(status, "CapBnd:"),
        value(status, "NoNewPrivs:").equals("1"),
        lines(process.resolve("uid_map")),
        lines(process.resolve("gid_map")));
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return List.of();
    }
  }

  private static long mask(List<String> status, String title) {
    String text = value(status, title);
    return text.isEmpty() ? ALL : Long.parseUnsignedLong(text, 16);
  }

  /** Empty if there is none. A loop: the first container of a program waits for it. */
  private static String value(List<String> status, String title) {
    for (String line : status) {
      if (line.startsWith(title)) {
        return line.substring(title.length()).strip();
      }
    }
    return "";
  }

  /**
   * Whether it may mount, in the user namespace that the machine began with. Root of a container
   * often may not, and is then to the kernel what an ordinary user is.
   */
  public boolean mountsOnTheHost() {
    return (effective & SYS_ADMIN) != 0 && isWhole(uids);
  }

  private static boolean isWhole(List<String> map) {
    if (map.size() != 1) {
      return map.isEmpty();
    }
    StringTokenizer line = new StringTokenizer(map.get(0));
    String inside = line.nextToken();
    String outside = line.nextToken();
    return inside.equals("0")
        && outside.equals("0")
        && line.nextToken().equals(String.valueOf(IDS));
  }

  /** Whether it may give all ids that it has to a user namespace, without another program. */
  public boolean mapsAll() {
    long needed = SETUID | SETGID | SETFCAP;
    return (effective & needed) == needed && !uids.isEmpty() && !gids.isEmpty();
  }

  /** The ids that it has, each mapped to itself. */
  IdMapping toItself() {
    return new IdMapping(toItself(uids), toItself(gids));
  }

  /**
   * Without the last one of all: by the whole range programs know that they are in no namespace.
   */
  private static String toItself(List<String> map) {
    StringBuilder same = new StringBuilder();
    for (String line : map) {
      String[] fields = line.strip().split(" +", -1);
      long count = Math.min(Long.parseLong(fields[2]), IDS - 1);
      same.append(fields[0] + " " + fields[0] + " " + count + "\n");
    }
    return same.toString();
  }

  /**
   * Why {@code newuidmap} and {@code newgidmap} cannot give it these ranges, and what would change
   * that; empty if they can.
   */
  public List<String> whyNot(SubordinateIds ofUsers, SubordinateIds ofGroups) {
    List<String> reasons = new ArrayList<>();
    if (gainsNothing) {
      reasons.add(
          "set-id programs such as newuidmap have no effect here (no_new_privs): let the container"
              + " that this process is in gain privileges, in Kubernetes by"
              + " allowPrivilegeEscalation: true");
    } else if ((bounding & SETUID) == 0 || (bounding & SETGID) == 0) {
      reasons.add(
          "newuidmap and newgidmap need CAP_SETUID and CAP_SETGID, which the container that this"
              + " process is in has dropped: add them there");
    }
    outside(ofUsers, uids, "subuid").ifPresent(reasons::add);
    outside(ofGroups, gids, "subgid").ifPresent(reasons::add);
    return reasons;
  }

  private static Optional<String> outside(SubordinateIds range, List<String> map, String file) {
    long end = range.start() + range.count();
    boolean inside =
        map.isEmpty() || map.stream().anyMatch(line -> holds(line, range.start(), end));
    return inside
        ? Optional.empty()
        : Optional.of(
            "the range of /etc/"
                + file
                + ", "
                + range.start()
                + "-"
                + (end - 1)
                + ", is not among the ids of the user namespace that this process is in: give it"
                + " one that is");
  }

  private static boolean holds(String line, long start, long end) {
    String[] fields = line.strip().split(" +", -1);
    long first = Long.parseLong(fields[0]);
    return first <= start && end <= first + Long.parseLong(fields[2]);
  }
}
