package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.HostTools;
import io.runcible.runtime.SeccompVerdicts.Verdict;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * The standard profile beside the one that Podman uses, name by name. Every difference is listed
 * here, with its reason.
 */
class SeccompOracleIT {
  private static final String OTHER = "/usr/share/containers/seccomp.json";

  @Test
  void differencesToPodmansProfileAreTheIntendedOnes() throws IOException {
    Path file = HostTools.requireFile(OTHER, "golang-github-containers-common");
    HostTools.require(
        System.getProperty("os.arch").equals("amd64"), "this comparison is for x86-64");
    JsonNode other = new ObjectMapper().readTree(file.toFile());
    SeccompVerdicts.resolve(other, "amd64", Capability.defaults());
    Map<String, Verdict> theirs = SeccompVerdicts.of(other);
    Map<String, Verdict> ours =
        SeccompVerdicts.of(StandardSeccomp.resolve("amd64", true, Capability.defaults()));

    Set<String> stricter = new TreeSet<>();
    Set<String> laxer = new TreeSet<>();
    Set<String> names = new TreeSet<>(theirs.keySet());
    names.addAll(ours.keySet());
    for (String name : names) {
      int order =
          ours.getOrDefault(name, Verdict.DENIED)
              .compareTo(theirs.getOrDefault(name, Verdict.DENIED));
      if (order > 0) {
        stricter.add(name);
      } else if (order < 0) {
        laxer.add(name);
      }
    }

    // Podman lets containers that have a user namespace of their own mount in it.
    assertThat(stricter)
        .isSubsetOf(
            "clone",
            "clone3",
            "fsconfig",
            "fsmount",
            "fsopen",
            "fspick",
            "mount",
            "mount_setattr",
            "move_mount",
            "open_tree",
            "pivot_root",
            "setns",
            "umount",
            "umount2",
            "unshare",
            // Docker forbids these, too.
            "get_mempolicy",
            "keyctl",
            "mbind",
            "pidfd_getfd",
            "reboot",
            "set_mempolicy",
            "syslog",
            // No processor that this library runs on has them.
            "syscall",
            "timerfd");
    assertThat(laxer)
        .isSubsetOf(
            // Newer than the list of Debian 12.
            "cachestat",
            "fchmodat2",
            "futex_requeue",
            "futex_wait",
            "futex_waitv",
            "futex_wake",
            "getxattrat",
            "listmount",
            "listxattrat",
            "map_shadow_stack",
            "mseal",
            "removexattrat",
            "setxattrat",
            "statmount",
            "uretprobe",
            // Docker allows these, too.
            "io_pgetevents",
            "io_pgetevents_time64",
            "vmsplice");
  }
}
