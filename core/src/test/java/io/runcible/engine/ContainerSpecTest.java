package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.network.Network;
import io.runcible.network.PortBinding;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContainerSpecTest {
  @Test
  void nothingSetIsSafe() {
    ContainerSpec spec = ContainerSpec.builder("app").build();
    assertThat(spec.network()).isEqualTo(Network.NONE);
    assertThat(spec.mayGainPrivileges()).isFalse();
    assertThat(spec.addedCapabilities()).isEmpty();
    assertThat(spec.isDetached()).isFalse();
  }

  @Test
  void builderDoesNotChangeWhatItBuilt() {
    ContainerSpec.Builder builder = ContainerSpec.builder("app").environment("A", "1");
    ContainerSpec spec = builder.build();
    builder.environment("B", "2").mount(Mount.tmpfs("/tmp"));
    assertThat(spec.environment()).containsOnlyKeys("A");
    assertThat(spec.mounts()).isEmpty();
    assertThat(spec.toBuilder().command("x").build().environment()).containsOnlyKeys("A");
    assertThat(spec.command()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"64m, 67108864", "2g, 2147483648", "65536k, 67108864", "67108864, 67108864"})
  void memoryUnits(String text, long bytes) {
    assertThat(ContainerSpec.builder("app").memory(text).build().memory()).hasValue(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "m", "-64m", "64 m", "1e9", "99999999999g", "1k", "64mb"})
  void memoryThatIsNoneIsRejected(String text) {
    rejects(spec -> spec.memory(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "A", ".a", "-a", "a/b", "../a", "a b", "a\nb"})
  void nameThatCouldNotBeADirectoryIsRejected(String name) {
    rejects(spec -> spec.name(name));
  }

  @Test
  void limitsOutOfRangeAreRejected() {
    rejects(spec -> spec.cpus(0));
    rejects(spec -> spec.cpus(Double.NaN));
    rejects(spec -> spec.pids(0));
    rejects(spec -> spec.environment("A=B", "x"));
    rejects(spec -> spec.environment("A", "x\0y"));
    rejects(spec -> spec.workingDirectory("relative"));
    rejects(spec -> spec.stopSignal("NOSUCH"));
    rejects(spec -> spec.mount(Mount.tmpfs("relative")));
  }

  @Test
  void execIsCheckedLikeTheContainer() {
    for (Consumer<ExecSpec.Builder> change :
        List.<Consumer<ExecSpec.Builder>>of(
            spec -> spec.environment("", "x"),
            spec -> spec.environment("A=B", "x"),
            spec -> spec.environment("A", "x\0y"),
            spec -> spec.workingDirectory("relative"),
            spec -> spec.workingDirectory("/a\0b"),
            spec -> ExecSpec.builder("a\0b"))) {
      assertThatThrownBy(() -> change.accept(ExecSpec.builder("true")))
          .isInstanceOfSatisfying(
              RuncibleException.class,
              e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
    }
  }

  @Test
  void portsAreKept() {
    ContainerSpec spec =
        ContainerSpec.builder("app").publish(80).publish(PortBinding.udp(53)).build();
    assertThat(spec.ports()).containsExactly(PortBinding.tcp(80), PortBinding.udp(53));
    assertThat(spec.toBuilder().publish(81).build().ports()).hasSize(3);
    assertThat(spec.ports()).hasSize(2);
    assertThat(spec.network()).isEqualTo(Network.NONE);
    rejects(builder -> builder.publish(0));
  }

  @Test
  void whatIsRemovedAtItsEndIsDetachedAndNotRestarted() {
    ContainerSpec spec = ContainerSpec.builder("app").autoRemove().detached().build();
    assertThat(spec.isAutoRemoved()).isTrue();
    assertThat(spec.toBuilder().restart(RestartPolicy.NO).build().isAutoRemoved()).isTrue();
    assertThat(spec.once().isAutoRemoved()).isFalse();
    assertThat(ContainerSpec.builder("app").detached().build().isAutoRemoved()).isFalse();
    rejects(builder -> builder.autoRemove().build());
    rejects(builder -> builder.detached().autoRemove().restart(RestartPolicy.ALWAYS).build());
  }

  private static void rejects(Consumer<ContainerSpec.Builder> change) {
    assertThatThrownBy(() -> change.accept(ContainerSpec.builder("app")))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
  }
}
