package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SelinuxTest {
  private static final String LABEL = "system_u:system_r:container_t:s0:c11,c70";

  @TempDir Path sys;

  private static void assertFails(Selinux host, String label, ErrorKind kind) {
    assertThatThrownBy(() -> host.require(label))
        .isInstanceOfSatisfying(RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(kind));
  }

  private Path make() throws IOException {
    Path made = Files.createDirectories(sys.resolve("fs/selinux"));
    Files.writeString(made.resolve("enforce"), "1");
    return made;
  }

  @Test
  void labelThatThePolicyKnowsIsPassedOn() throws IOException {
    Path kernel = make();
    Selinux host = Selinux.below(sys);
    assertThat(host.isEnabled()).isTrue();
    assertThat(host.require(LABEL)).isEqualTo(LABEL);
    assertThat(kernel.resolve("context")).hasContent(LABEL);
    assertThat(host.require("u:r:t:s0-s0:c0.c1023")).isNotEmpty();
  }

  @Test
  void otherLabelsAreRefused() throws IOException {
    Path kernel = make();
    Selinux host = Selinux.below(sys);
    for (String wrong :
        List.of("", "t", "u:r:t", "u:r:t:", "u:r:t:s0:c1\"", "u:r:t:s0,x=y", "u:r:t:s0\n", "a b")) {
      assertFails(host, wrong, ErrorKind.INVALID_INPUT);
    }
    Files.createDirectory(kernel.resolve("context")); // Cannot be written, as one unknown.
    assertFails(host, LABEL, ErrorKind.INVALID_INPUT);
  }

  @Test
  void hostWithoutSelinuxHasNoLabels() {
    assertThat(Selinux.below(sys).isEnabled()).isFalse();
    assertFails(Selinux.below(sys), LABEL, ErrorKind.UNSUPPORTED);
  }

  @Test
  void sharedLabelHasNoCategories() {
    assertThat(Selinux.shared(LABEL)).isEqualTo("system_u:system_r:container_t:s0");
    assertThat(Selinux.shared("u:r:t:s0-s0:c0.c9")).isEqualTo("u:r:t:s0-s0");
    assertThat(Selinux.shared("u:r:t:s0")).isEqualTo("u:r:t:s0");
  }

  @Test
  void labelsAreInTheConfiguration() {
    ProcessSpec process = ProcessSpec.builder(List.of("true")).selinuxLabel(LABEL).build();
    RuntimeSpec spec = RuntimeSpec.builder(Path.of("/r"), process).mountLabel("u:r:f:s0").build();
    assertThat(spec.toBuilder().process(process.toBuilder().build()).build().toJson())
        .contains("\"selinuxLabel\":\"" + LABEL + "\"", "\"mountLabel\":\"u:r:f:s0\"");
    assertThat(
            RuntimeSpec.builder(Path.of("/r"), ProcessSpec.builder(List.of("true")).build())
                .build()
                .toJson())
        .doesNotContain("selinux", "mountLabel");
  }
}
