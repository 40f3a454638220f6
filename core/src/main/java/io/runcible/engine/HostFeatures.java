package io.runcible.engine;

import io.runcible.engine.Capabilities.Feature;
import io.runcible.ffi.KernelVersion;
import io.runcible.ffi.NativeAccess;
import io.runcible.ffi.OwnRights;
import io.runcible.ffi.Spawn;
import io.runcible.ffi.SubordinateIds;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What the kernel and the files of a host say of features that containers do without, or have only
 * in part.
 *
 * @param root where the files of the host are
 * @param kernel the release of the kernel
 * @param uid whose engine it is
 * @param user the name of that
 * @param installed whether a program can be found
 */
record HostFeatures(Path root, String kernel, int uid, String user, Predicate<String> installed) {
  private static final Pattern ESCAPE = Pattern.compile("\\\\([0-3][0-7]{2})");
  private static final int MAX_LINES = 10_000;
  private static final int MAX_PLUGINS = 100;

  static HostFeatures ofThisHost() {
    return new HostFeatures(
        Path.of("/"),
        KernelVersion.ofThisHost(),
        NativeAccess.effectiveUid(),
        System.getProperty("user.name", ""),
        name -> Spawn.findProgram(name).isPresent());
  }

  List<Feature> all() {
    return List.of(
        overlay(), subordinateIds(), idMappedMounts(), seccomp(), apparmor(), selinux(), cni());
  }

  private boolean isRoot() {
    return uid == 0 && rights().mountsOnTheHost();
  }

  private OwnRights rights() {
    return OwnRights.of(root.resolve("proc/self"));
  }

  private Feature overlay() {
    boolean known = lines("proc/filesystems").stream().anyMatch(line -> line.endsWith("\toverlay"));
    if (!known) {
      return no(
          "overlay",
          "the kernel has not loaded it: as root, modprobe overlay; unless it loads by itself,"
              + " layers are copied for each container");
    }
    return isRoot() || KernelVersion.hasOverlayOfUsers(kernel)
        ? yes("overlay", "the kernel has it")
        : no(
            "overlay",
            "an ordinary user needs Linux 5.11 for it, and this is "
                + kernel
                + "; layers are copied for each container");
  }

  private Feature subordinateIds() {
    String name = "subordinate-ids";
    if (isRoot()) {
      return yes(name, "not needed: this process is root");
    }
    if (uid == 0 && rights().mapsAll()) {
      return yes(name, "not needed: root of a container gives its containers all ids that it has");
    }
    List<String> missing = new ArrayList<>();
    Optional<SubordinateIds> uids = range("subuid", missing);
    Optional<SubordinateIds> gids = range("subgid", missing);
    for (String program : List.of("newuidmap", "newgidmap")) {
      if (!installed.test(program)) {
        missing.add(program + " is not installed; on Debian: apt-get install uidmap");
      }
    }
    if (uids.isPresent() && gids.isPresent()) {
      missing.addAll(rights().whyNot(uids.get(), gids.get()));
    }
    return missing.isEmpty()
        ? yes(
            name,
            uids.orElseThrow().count() + " of users, " + gids.orElseThrow().count() + " of groups")
        : no(name, String.join("; ", missing) + "; files of images all belong to one user");
  }

  private Optional<SubordinateIds> range(String file, List<String> missing) {
    Optional<SubordinateIds> found =
        SubordinateIds.find(root.resolve("etc").resolve(file), user, uid);
    if (found.isEmpty()) {
      String option = file.equals("subuid") ? "--add-subuids" : "--add-subgids";
      missing.add(
          "/etc/"
              + file
              + " has no range for "
              + user
              + "; as root: usermod "
              + option
              + " 100000-165535 "
              + user);
    }
    return found;
  }

  private Feature idMappedMounts() {
    String name = "id-mapped-mounts";
    if (!isRoot()) {
      return no(name, "they need root");
    }
    return isSince(5, 12)
        ? yes(name, "Linux " + kernel + "; the file system has to have them, too")
        : no(name, "they need Linux 5.12, and this is " + kernel);
  }

  private Feature seccomp() {
    return Files.exists(root.resolve("proc/sys/kernel/seccomp/actions_avail"))
        ? yes("seccomp", "the kernel filters system calls")
        : no("seccomp", "the kernel is without CONFIG_SECCOMP_FILTER; it takes another one");
  }

  private Feature apparmor() {
    return lines("sys/module/apparmor/parameters/enabled").contains("Y")
        ? yes("apparmor", "containers are confined by the profile that a spec names")
        : no("apparmor", "the kernel has none, or was booted with it turned off: apparmor=1");
  }

  private Feature selinux() {
    return Files.exists(root.resolve("sys/fs/selinux/enforce"))
        ? yes("selinux", "root's containers get the labels that a spec names")
        : no("selinux", "this host has none");
  }

  private Feature cni() {
    List<String> plugins = plugins();
    return plugins.isEmpty()
        ? no(
            "cni",
            "there are no plugins in /opt/cni/bin, /usr/lib/cni or /usr/libexec/cni; on Debian:"
                + " apt-get install containernetworking-plugins")
        : yes("cni", String.join(" ", plugins));
  }

  private List<String> plugins() {
    List<String> names = new ArrayList<>();
    for (String directory : List.of("opt/cni/bin", "usr/lib/cni", "usr/libexec/cni")) {
      try (Stream<Path> files = Files.list(root.resolve(directory))) {
        files.limit(MAX_PLUGINS).map(file -> file.getFileName().toString()).forEach(names::add);
      } catch (IOException e) {
        // It is not there.
      }
    }
    return names.stream().distinct().sorted().toList();
  }

  /** Whether what a container writes into its root file system can be limited. */
  Feature projectQuotas(Path data) {
    String name = "project-quotas";
    if (!isRoot() || !isSince(5, 14)) {
      return no(name, "they need root and Linux 5.14");
    }
    String options = mountOptions(data);
    return List.of(options.split(",", -1)).stream().anyMatch(HostFeatures::isQuota)
        ? yes(name, "the file system of " + data + " has them")
        : no(
            name,
            "the file system of "
                + data
                + " is not mounted with prjquota; it takes ext4 with the feature project, or XFS");
  }

  private static boolean isQuota(String option) {
    return option.equals("prjquota") || option.equals("pquota");
  }

  /** Those of the file system that a directory, which need not be there yet, lies on. */
  private String mountOptions(Path directory) {
    String options = "";
    int longest = -1;
    for (String line : lines("proc/self/mountinfo")) {
      String[] fields = line.split(" ", -1);
      int dash = line.indexOf(" - ");
      if (fields.length < 10 || dash < 0) {
        continue;
      }
      Path mounted;
      try {
        mounted = Path.of(unescaped(fields[4]));
      } catch (InvalidPathException e) {
        // Its name is none in the locale of this process.
        continue;
      }
      if (directory.startsWith(mounted) && mounted.getNameCount() >= longest) {
        longest = mounted.getNameCount();
        options = fields[5] + "," + line.substring(line.lastIndexOf(' ') + 1);
      }
    }
    return options;
  }

  /** A field of mountinfo, where blanks and the like are octal numbers. */
  private static String unescaped(String field) {
    return ESCAPE
        .matcher(field)
        .replaceAll(
            found -> {
              char one = (char) Integer.parseInt(found.group(1), 8);
              return Matcher.quoteReplacement(String.valueOf(one));
            });
  }

  private boolean isSince(int major, int minor) {
    return KernelVersion.isAtLeast(kernel, major, minor);
  }

  /** Of a file that may be missing; then none. */
  private List<String> lines(String file) {
    List<String> lines = new ArrayList<>();
    try (BufferedReader reader =
        Files.newBufferedReader(root.resolve(file), StandardCharsets.ISO_8859_1)) {
      for (String line = reader.readLine();
          line != null && lines.size() < MAX_LINES;
          line = reader.readLine()) {
        lines.add(line);
      }
    } catch (IOException e) {
      return List.of();
    }
    return lines;
  }

  private static Feature yes(String name, String detail) {
    return new Feature(name, true, detail);
  }

  private static Feature no(String name, String detail) {
    return new Feature(name, false, detail);
  }
}
