package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThatCode;

import io.runcible.ErrorKind;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class SelinuxLabelsTest {
  private static ContainerSpec.Builder spec() {
    return ContainerSpec.builder("registry.example/a:1");
  }

  @Test
  void ordinaryUserCannotLabel() {
    String label = "system_u:object_r:container_file_t:s0:c1,c2";
    ContainerSpec labeled = spec().selinuxLabels(label, label).build();
    ContainerSpec relabeled = spec().mount(Mount.bind(Path.of("/d"), "/d").relabeled(true)).build();
    for (ContainerSpec spec : new ContainerSpec[] {labeled, relabeled}) {
      RunIT.assertFails(
          () -> SelinuxLabels.check(spec, true), ErrorKind.UNSUPPORTED, "need root", "subordinate");
    }
    assertThatCode(() -> SelinuxLabels.check(spec().build(), true)).doesNotThrowAnyException();
  }
}
