package io.runcible.runtime;

import static io.runcible.runtime.Containers.process;
import static io.runcible.runtime.Containers.shell;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.runtime.Containers.Ended;
import io.runcible.runtime.Containers.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * On a host that has both generations of control groups crun runs in a mount namespace where the
 * newer one is not mounted: it refuses to work otherwise.
 */
class CrunRuntimeIT extends OciRuntimeContract {
  @Override
  OciRuntime open(Path stateRoot) {
    HostTools.requireRoot();
    Path crun = HostTools.requireProgram("crun", "crun");
    Cgroups cgroups = Cgroups.detect();
    List<String> wrapper = List.of();
    if (cgroups.mode() == Cgroups.Mode.HYBRID) {
      HostTools.requireProgram("unshare", "util-linux");
      wrapper =
          List.of(
              "unshare",
              "--mount",
              "sh",
              "-c",
              // It makes its directories there all the same, which would stay on the host.
              "umount /sys/fs/cgroup/unified && mount -t tmpfs tmpfs /sys/fs/cgroup/unified"
                  + " && exec \"$@\"",
              "sh");
    }
    return RuncRuntime.open(crun.toString(), wrapper, stateRoot, PrivilegedHost.open(), cgroups);
  }

  /** crun 1.8 does not. */
  @Override
  boolean passesSizesOn() {
    return false;
  }

  /** It has no option to keep them. */
  @Override
  boolean keepsEndedContainers() {
    return false;
  }

  @ParameterizedTest
  @MethodSource("profiles")
  void compilesAProfileToTheSameInstructions(SeccompProfile profile)
      throws IOException, InterruptedException {
    try (Running container = containers.start(shell("sleep 60"), spec -> spec.seccomp(profile))) {
      container.awaitStart();

      assertThat(instructions(container)).isEqualTo(profile.program(Capability.defaults()));
    }
  }

  static Stream<SeccompProfile> profiles() {
    return Stream.of(
        SeccompProfile.standard(), SeccompProfile.standardWithCompat(), SeccompProfile.untrusted());
  }

  @Test
  void takesInstructionsForThatAndForExecs() throws IOException, InterruptedException {
    byte[] program = SeccompProfile.untrusted().program(Set.of());
    String text = Base64.getEncoder().encodeToString(program);
    ProcessSpec.Builder ask = process("grep", "Seccomp", "/proc/self/status");
    UnaryOperator<RuntimeSpec.Builder> given =
        spec -> spec.annotation("run.oci.seccomp_bpf_data", text);
    try (Running container = containers.start(shell("sleep 60"), given)) {
      container.awaitStart();

      assertThat(instructions(container)).isEqualTo(program);
      for (Ended ended : List.of(exec(container, ask, ""), containers.run(ask, given))) {
        assertThat(ended.output()).isEqualTo("Seccomp:\t2\nSeccomp_filters:\t1\n");
      }
    }
  }

  private byte[] instructions(Running container) throws IOException {
    return Files.readAllBytes(
        directory.resolve("state").resolve(container.id).resolve("seccomp.bpf"));
  }
}
