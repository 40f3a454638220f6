package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.runtime.SeccompVerdicts.Verdict;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SeccompProfileTest {
  @Nested
  class Standard {
    private final ObjectNode profile =
        StandardSeccomp.resolve("amd64", false, Capability.defaults());
    private final Map<String, Verdict> verdicts = SeccompVerdicts.of(profile);

    @Test
    void whatIsInNoListDoesNotExist() {
      assertThat(profile.path("defaultAction").asText()).isEqualTo("SCMP_ACT_ERRNO");
      assertThat(profile.path("defaultErrnoRet").asInt()).isEqualTo(38);
      assertThat(verdicts).doesNotContainKeys("clone3", "open_tree_attr_of_tomorrow");
    }

    @Test
    void onlyTheNativeArchitectureIsThere() {
      assertThat(texts(profile.path("architectures"))).containsExactly("SCMP_ARCH_X86_64");
      assertThat(verdicts).doesNotContainKeys("socketcall", "chown32", "_llseek");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "mount",
          "umount2",
          "unshare",
          "setns",
          "pivot_root",
          "bpf",
          "perf_event_open",
          "keyctl",
          "add_key",
          "request_key",
          "reboot",
          "init_module",
          "kexec_load",
          "swapon",
          "settimeofday",
          "acct",
          "open_by_handle_at",
          "io_uring_setup",
          "userfaultfd",
          "fsopen",
          "move_mount",
          "quotactl",
          "syslog",
          "iopl",
          "move_pages",
          "pidfd_getfd",
          "kcmp",
          "mbind"
        })
    void whatReachesTheHostIsForbidden(String name) {
      assertThat(verdicts).containsEntry(name, Verdict.DENIED);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "read",
          "openat",
          "openat2",
          "execve",
          "futex",
          "epoll_wait",
          "ptrace",
          "chroot",
          "statmount",
          "close_range",
          "landlock_create_ruleset",
          "seccomp",
          "rseq",
          "clock_gettime"
        })
    void whatProgramsUseIsAllowed(String name) {
      assertThat(verdicts).containsEntry(name, Verdict.ALLOWED);
    }

    @Test
    void cloneIsAllowedWithoutNewNamespaces() {
      assertThat(matching(profile, "clone", 0x11)).containsExactly("SCMP_ACT_ALLOW");
      for (long flag : new long[] {0x20000, 0x2000000, 0x10000000, 0x40000000}) {
        assertThat(matching(profile, "clone", 0x11 | flag)).containsExactly("SCMP_ACT_ERRNO 1");
      }
    }

    @Test
    void everySocketFamilyButTwoIsAllowedOnce() {
      for (long family = 0; family < 48; family++) {
        assertThat(matching(profile, "socket", family))
            .as("family %d", family)
            .containsExactly(family == 38 || family == 40 ? "SCMP_ACT_ERRNO 97" : "SCMP_ACT_ALLOW");
      }
    }

    @Test
    void upperHalfOfTheRegisterDoesNotHideTheFamily() {
      assertThat(matching(profile, "socket", (1L << 32) + 38)).containsExactly("SCMP_ACT_ERRNO 97");
      assertThat(matching(profile, "socket", (1L << 63) + 40)).containsExactly("SCMP_ACT_ERRNO 97");
    }

    @Test
    void onlyHarmlessPersonalitiesAreAllowed() {
      assertThat(matching(profile, "personality", 0xffffffffL)).containsExactly("SCMP_ACT_ALLOW");
      assertThat(matching(profile, "personality", 8)).containsExactly("SCMP_ACT_ALLOW");
      // ADDR_NO_RANDOMIZE
      assertThat(matching(profile, "personality", 0x40000)).isEmpty();
    }

    @Test
    void noNameIsBothAllowedAndForbidden() {
      List<String> allowed = texts(profile.path("syscalls").path(0).path("names"));
      List<String> forbidden = texts(profile.path("syscalls").path(1).path("names"));

      assertThat(allowed).doesNotHaveDuplicates().doesNotContainAnyElementsOf(forbidden);
      assertThat(forbidden).doesNotHaveDuplicates();
    }
  }

  @Nested
  class Untrusted {
    private final ObjectNode profile = StandardSeccomp.untrusted("amd64");
    private final Map<String, Verdict> verdicts = SeccompVerdicts.of(profile);

    @ParameterizedTest
    @ValueSource(
        strings = {
          "ptrace",
          "process_vm_readv",
          "io_setup",
          "io_uring_setup",
          "mq_open",
          "msgget",
          "name_to_handle_at",
          "vmsplice",
          "modify_ldt",
          "chroot",
          "mount",
          "unshare",
          "setns",
          "bpf",
          "keyctl",
          "userfaultfd"
        })
    void whatOrdinaryProgramsDoNotNeedIsForbidden(String name) {
      assertThat(verdicts).containsEntry(name, Verdict.DENIED);
    }

    @Test
    void otherwiseItIsTheStandardProfileWithoutCapabilities() {
      Map<String, Verdict> standard =
          SeccompVerdicts.of(StandardSeccomp.resolve("amd64", false, Set.of()));
      assertThat(verdicts).containsOnlyKeys(standard.keySet());
      assertThat(verdicts.values().stream().filter(v -> v == Verdict.ALLOWED).count())
          .isGreaterThan(250)
          .isLessThan(standard.values().stream().filter(v -> v == Verdict.ALLOWED).count());
    }

    @Test
    void onlyOrdinarySocketsAreThere() {
      for (long family = 0; family < 48; family++) {
        List<String> allowed =
            List.of(1L, 2L, 10L).contains(family) ? List.of("SCMP_ACT_ALLOW") : List.of();
        assertThat(matching(profile, "socket", family).stream().filter(a -> a.endsWith("ALLOW")))
            .as("family %d", family)
            .containsExactlyElementsOf(allowed);
      }
    }
  }

  @Test
  void capabilityBringsItsCalls() {
    Set<Capability> granted = EnumSet.of(Capability.SYS_ADMIN, Capability.SYS_TIME);
    Map<String, Verdict> verdicts =
        SeccompVerdicts.of(StandardSeccomp.resolve("amd64", false, granted));

    assertThat(verdicts)
        .containsEntry("mount", Verdict.ALLOWED)
        .containsEntry("bpf", Verdict.ALLOWED)
        .containsEntry("clone", Verdict.ALLOWED)
        .containsEntry("clone3", Verdict.ALLOWED)
        .containsEntry("settimeofday", Verdict.ALLOWED)
        .containsEntry("chroot", Verdict.DENIED)
        .containsEntry("io_uring_setup", Verdict.DENIED);
  }

  @Test
  void callsOfTwoCapabilitiesNeedOneOfThem() {
    Map<String, Verdict> verdicts =
        SeccompVerdicts.of(StandardSeccomp.resolve("amd64", false, EnumSet.of(Capability.SYSLOG)));

    assertThat(verdicts)
        .containsEntry("syslog", Verdict.ALLOWED)
        .containsEntry("bpf", Verdict.DENIED);
  }

  @Test
  void compatAddsTheSmallerArchitectures() {
    ObjectNode x86 = StandardSeccomp.resolve("amd64", true, Capability.defaults());
    ObjectNode arm = StandardSeccomp.resolve("aarch64", true, Capability.defaults());

    assertThat(texts(x86.path("architectures")))
        .containsExactly("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32");
    assertThat(texts(arm.path("architectures")))
        .containsExactly("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM");
    assertThat(SeccompVerdicts.of(x86)).containsEntry("chown32", Verdict.ALLOWED);
    assertThat(SeccompVerdicts.of(arm)).containsEntry("cacheflush", Verdict.ALLOWED);
  }

  @Test
  void arm64HasNoCallOfX86() {
    assertThat(SeccompVerdicts.of(StandardSeccomp.resolve("aarch64", false, Set.of())))
        .doesNotContainKeys("arch_prctl", "open", "fork", "stat")
        .containsEntry("map_shadow_stack", Verdict.ALLOWED);
  }

  @Test
  void unconfinedHasNoProfile() {
    assertThat(SeccompProfile.unconfined().toJson(Set.of())).isEmpty();
  }

  @Test
  void customProfileIsPassedThrough() {
    String json = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"x\":[1,{\"y\":null}]}";
    SeccompProfile profile = SeccompProfile.of(json.getBytes(StandardCharsets.UTF_8));

    assertThat(profile.toJson(Set.of())).get().hasToString(json);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "null", "{}", "{\"defaultAction\":1}", "{\"defaultAction\":"})
  void whatIsNoProfileIsRefused(String json) {
    assertThatThrownBy(() -> SeccompProfile.of(json.getBytes(StandardCharsets.UTF_8)))
        .isInstanceOfSatisfying(
            RuncibleException.class,
            failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
  }

  /** The actions of the rules that a first argument matches. */
  private static List<String> matching(JsonNode profile, String name, long argument) {
    List<String> actions = new ArrayList<>();
    for (JsonNode rule : profile.path("syscalls")) {
      if (texts(rule.path("names")).contains(name)) {
        JsonNode arg = rule.path("args").path(0);
        assertThat(arg.path("op").asText()).isEqualTo("SCMP_CMP_MASKED_EQ");
        if ((argument & arg.path("value").asLong()) == arg.path("valueTwo").asLong()) {
          String errno = rule.has("errnoRet") ? " " + rule.path("errnoRet").asInt() : "";
          actions.add(rule.path("action").asText() + errno);
        }
      }
    }
    return actions;
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(text -> texts.add(text.asText()));
    return texts;
  }
}
