package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.runtime.RuntimeSpec.IdMapping;
import io.runcible.runtime.RuntimeSpec.Mount;
import io.runcible.runtime.RuntimeSpec.Namespace;
import io.runcible.runtime.RuntimeSpec.NamespaceType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RuntimeSpecTest {
  private static final Path ROOT = Path.of("/rootfs");

  private static ProcessSpec.Builder process() {
    return ProcessSpec.builder(List.of("/bin/true", "a b"));
  }

  private static RuntimeSpec.Builder spec() {
    return RuntimeSpec.builder(ROOT, process().build());
  }

  private static JsonNode json(RuntimeSpec spec) throws IOException {
    return new ObjectMapper().readTree(spec.toJson());
  }

  private static void assertInvalid(ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            RuncibleException.class,
            failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
  }

  @Nested
  class Json {
    @Test
    void processHasAllItsFields() {
      ProcessSpec process =
          process()
              .env(List.of("A=1", "B="))
              .cwd("/srv")
              .user(33, 34)
              .additionalGids(List.of(5, 6))
              .terminal(true)
              .consoleSize(30, 100)
              .capabilities(List.of(Capability.SETUID, Capability.CHOWN))
              .rlimit("RLIMIT_NOFILE", 10, ProcessSpec.Rlimit.UNLIMITED)
              .noNewPrivileges(false)
              .oomScoreAdj(-5)
              .build();

      assertThat(process.toJson())
          .isEqualTo(
              """
              {"terminal":true,"consoleSize":{"height":30,"width":100},\
              "user":{"uid":33,"gid":34,"additionalGids":[5,6]},\
              "args":["/bin/true","a b"],"env":["A=1","B="],"cwd":"/srv",\
              "capabilities":{"bounding":["CAP_CHOWN","CAP_SETUID"],\
              "effective":[],"permitted":[],\
              "inheritable":[],"ambient":[]},\
              "rlimits":[{"type":"RLIMIT_NOFILE","hard":18446744073709551615,"soft":10}],\
              "noNewPrivileges":false,"oomScoreAdj":-5}\
              """);
    }

    @Test
    void containerHasAllItsFields() {
      RuntimeSpec spec =
          spec()
              .rootReadonly(true)
              .hostname("box")
              .mount(new Mount("/data", "tmpfs", "tmpfs", List.of("ro")))
              .namespace(Namespace.create(NamespaceType.UTS))
              .namespace(Namespace.join(NamespaceType.NETWORK, Path.of("/run/netns/x")))
              .userNamespace(
                  List.of(new IdMapping(0, 100_000, 65_536)), List.of(new IdMapping(0, 7, 1)))
              .maskedPaths(List.of("/proc/kcore"))
              .readonlyPaths(List.of("/proc/sys"))
              .cgroupsPath("/runcible/x")
              .resources(
                  Resources.builder()
                      .memory(1 << 20)
                      .memoryAndSwap(-1)
                      .cpuQuota(1000, 2000)
                      .cpuShares(512)
                      .cpus("0")
                      .pids(7)
                      .build())
              .confineDevices(true)
              .sysctl("net.core.somaxconn", "5")
              .annotation("b", "2")
              .annotation("a", "1")
              .build();
      String process = spec.process().toJson();

      assertThat(spec.toJson())
          .isEqualTo(
              """
              {"ociVersion":"1.0.2","process":%s,"root":{"path":"/rootfs","readonly":true},\
              "hostname":"box","mounts":[{"destination":"/data","type":"tmpfs",\
              "source":"tmpfs","options":["ro"]}],"annotations":{"a":"1","b":"2"},\
              "linux":{"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],\
              "gidMappings":[{"containerID":0,"hostID":7,"size":1}],\
              "sysctl":{"net.core.somaxconn":"5"},\
              "resources":{"memory":{"limit":1048576,"swap":-1},\
              "cpu":{"shares":512,"quota":1000,"period":2000,"cpus":"0"},"pids":{"limit":7},\
              "devices":[{"allow":false,"access":"rwm"}]},"cgroupsPath":"/runcible/x",\
              "namespaces":[{"type":"uts"},{"type":"network","path":"/run/netns/x"},\
              {"type":"user"}],"maskedPaths":["/proc/kcore"],"readonlyPaths":["/proc/sys"]}}\
              """
                  .formatted(process));
    }

    @Test
    void sameValuesGiveTheSameText() {
      RuntimeSpec spec =
          spec()
              .sysctl("net.b.c", "1")
              .sysctl("net.a.c", "1")
              .namespace(Namespace.create(NamespaceType.NETWORK))
              .build();

      assertThat(spec.toBuilder().build().toJson()).isEqualTo(spec.toJson());
      assertThat(spec.process().toBuilder().build().toJson()).isEqualTo(spec.process().toJson());
    }

    @Test
    void seccompFollowsTheCapabilitiesOfTheProcess() throws IOException {
      RuntimeSpec.Builder builder = spec().seccomp(SeccompProfile.standard());
      JsonNode usual = json(builder.build()).at("/linux/seccomp");
      JsonNode admin =
          json(builder
                  .process(process().capabilities(List.of(Capability.SYS_ADMIN)).build())
                  .build())
              .at("/linux/seccomp");

      assertThat(SeccompVerdicts.of(usual)).containsEntry("mount", SeccompVerdicts.Verdict.DENIED);
      assertThat(SeccompVerdicts.of(admin)).containsEntry("mount", SeccompVerdicts.Verdict.ALLOWED);
    }
  }

  @Nested
  class Building {
    @Test
    void readOnlyBindMountHasNothingWritableBelow() {
      for (String kernel : List.of("5.12.0", "5.15.0-91-generic", "6.1.0-rc1", "10.0")) {
        assertThat(Mount.bind(Path.of("/src"), "/a", true, kernel).options())
            .as(kernel)
            .containsExactly("rbind", "rprivate", "ro", "rro");
      }
      for (String kernel : List.of("5.11.22", "5.10.0-28-amd64", "4.19", "", "?")) {
        assertThat(Mount.bind(Path.of("/src"), "/a", true, kernel).options())
            .as(kernel)
            .containsExactly("bind", "rprivate", "ro");
      }
    }

    @Test
    void readOnlyFileHasNothingBelow() {
      assertThat(Mount.bind(Path.of("/proc/self/status"), "/a", true, "6.1").options())
          .containsExactly("bind", "rprivate", "ro");
    }

    @Test
    void laterMountAndNamespaceReplaceTheEarlier() {
      RuntimeSpec spec =
          spec()
              .mount(new Mount("/a", "tmpfs", "tmpfs", List.of()))
              .mount(Mount.bind(Path.of("/src"), "/a", false))
              .namespace(Namespace.create(NamespaceType.NETWORK))
              .namespace(Namespace.join(NamespaceType.NETWORK, Path.of("/n")))
              .build();

      assertThat(spec.mounts())
          .containsExactly(new Mount("/a", "bind", "/src", List.of("rbind", "rprivate", "rw")));
      assertThat(spec.namespaces())
          .containsExactly(Namespace.join(NamespaceType.NETWORK, Path.of("/n")));
    }

    @Test
    void hostNetworkIsTheAbsenceOfANamespace() {
      RuntimeSpec spec =
          spec()
              .namespace(Namespace.create(NamespaceType.NETWORK))
              .shareWithHost(NamespaceType.NETWORK)
              .build();

      assertThat(spec.has(NamespaceType.NETWORK)).isFalse();
    }

    @Test
    void processWithoutProgramIsRefused() {
      assertInvalid(() -> ProcessSpec.builder(List.of()).build());
      assertInvalid(() -> ProcessSpec.builder(List.of("")).build());
      assertInvalid(() -> ProcessSpec.builder(List.of("a\0b")).build());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "A", "=x", "A=\0"})
    void environmentEntryWithoutNameIsRefused(String entry) {
      assertInvalid(() -> process().env(List.of(entry)).build());
    }

    @Test
    void messageAboutTheEnvironmentHasNoValue() {
      assertThatThrownBy(() -> process().env(List.of("=secret")).build())
          .hasMessageNotContaining("secret");
      assertThatThrownBy(() -> process().env(List.of("A=secret\0")).build())
          .hasMessageNotContaining("secret")
          .hasMessageContaining("'A'");
    }

    @Test
    void negativeIdsAreRefused() {
      assertInvalid(() -> process().user(-1, 0).build());
      assertInvalid(() -> process().user(0, -1).build());
      assertInvalid(() -> process().additionalGids(List.of(-5)).build());
    }

    @Test
    void relativePathsAreRefused() {
      assertInvalid(() -> process().cwd("srv").build());
      assertInvalid(() -> new Mount("data", "tmpfs", "tmpfs", List.of()));
      assertInvalid(() -> spec().maskedPaths(List.of("proc")).build());
      assertInvalid(() -> spec().cgroupsPath("x"));
    }

    @Test
    void unknownResourceLimitIsRefused() {
      assertInvalid(() -> process().rlimit("RLIMIT_FOO", 1, 1).build());
      assertInvalid(() -> process().rlimit("RLIMIT_CPU", 2, 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-a", "a b", "a\n", "ä"})
    void strangeHostNameIsRefused(String name) {
      assertInvalid(
          () -> spec().namespace(Namespace.create(NamespaceType.UTS)).hostname(name).build());
    }

    @Test
    void hostNameNeedsItsOwnNamespace() {
      assertInvalid(() -> spec().hostname("box").build());
    }

    @Test
    void newUserNamespaceNeedsIds() {
      assertInvalid(() -> spec().userNamespace(List.of(), List.of()).build());
      assertThatCode(
              () -> spec().namespace(Namespace.join(NamespaceType.USER, Path.of("/x"))).build())
          .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource({
      "net.core.somaxconn, 1",
      "net/ipv4/conf/eth0.100/forwarding, 1",
      "kernel.shmmax, 1",
      "kernel.sem, 1 2 3 4",
      "fs.mqueue.msg_max, 1"
    })
    void kernelParametersOfOwnNamespacesAreAccepted(String name, String value) {
      assertThatCode(() -> withNamespaces().sysctl(name, value).build()).doesNotThrowAnyException();
      assertInvalid(() -> spec().sysctl(name, value).build());
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "kernel.core_pattern",
          "vm.overcommit_memory",
          "fs.file-max",
          "kernel.panic",
          "net",
          "net.core.somaxconn+kernel.core_pattern",
          "net..x",
          "net.x=1",
          "../net.x",
          "net/../x",
          ""
        })
    void kernelParametersOfTheHostAreRefused(String name) {
      assertInvalid(() -> withNamespaces().sysctl(name, "1").build());
    }

    @ParameterizedTest
    @ValueSource(strings = {"1\n2", "a\0", "ä"})
    void valueOfAKernelParameterIsPrintable(String value) {
      assertInvalid(() -> withNamespaces().sysctl("net.core.somaxconn", value).build());
    }

    private RuntimeSpec.Builder withNamespaces() {
      return spec()
          .namespace(Namespace.create(NamespaceType.IPC))
          .namespace(Namespace.create(NamespaceType.NETWORK));
    }
  }

  @Nested
  class Limits {
    @Test
    void impossibleLimitsAreRefused() {
      assertInvalid(() -> Resources.builder().memory(0).build());
      assertInvalid(() -> Resources.builder().memoryAndSwap(1).build());
      assertInvalid(() -> Resources.builder().memory(10).memoryAndSwap(9).build());
      assertInvalid(() -> Resources.builder().cpuQuota(999, 100_000).build());
      assertInvalid(() -> Resources.builder().cpuQuota(1000, 1_000_001).build());
      assertInvalid(() -> Resources.builder().cpuShares(1).build());
      assertInvalid(() -> Resources.builder().cpus("0;1").build());
      assertInvalid(() -> Resources.builder().pids(0).build());
    }

    @Test
    void nothingSetIsNothingWritten() {
      assertThat(Resources.none().isEmpty()).isTrue();
      assertThat(Resources.none().toJson()).isEqualTo("{}");
    }
  }

  @Nested
  class Capabilities {
    @ParameterizedTest
    @ValueSource(strings = {"NET_ADMIN", "CAP_NET_ADMIN", "cap_net_admin", "net_Admin"})
    void namesAreReadInAnyForm(String name) {
      assertThat(Capability.parse(name)).isEqualTo(Capability.NET_ADMIN);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "CAP_", "ALL", "CAP_FOO"})
    void unknownNamesAreRefused(String name) {
      assertInvalid(() -> Capability.parse(name));
    }

    @Test
    void numbersAreTheKernels() {
      assertThat(Capability.ofMask(0x800405fbL)).isEqualTo(Capability.defaults());
      assertThat(Capability.ofMask(1L << 40)).containsExactly(Capability.CHECKPOINT_RESTORE);
      assertThat(Capability.ofMask(1L << 41)).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "-x", "a/b", "a b", "../x", "a\0"})
  void strangeIdsAreRefused(String id) {
    assertInvalid(() -> SpecChecks.id(id));
  }
}
