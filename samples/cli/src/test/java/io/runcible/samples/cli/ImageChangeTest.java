package io.runcible.samples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageConfig;
import io.runcible.image.Platform;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageChangeTest {
  private static ImageConfig changed(String... instructions) {
    ImageConfig.Builder config =
        ImageConfig.builder(Platform.host())
            .environment(List.of("PATH=/bin", "A=old"))
            .labels(Map.of("kept", "yes"))
            .exposedPorts(Set.of("80/tcp"))
            .workingDirectory("/srv");
    for (String instruction : instructions) {
      ImageChange.parse(instruction).applyTo(config);
    }
    return config.build();
  }

  @Test
  void commandsAreWordsOrForTheShell() {
    assertThat(changed("CMD [\"/a\", \"b c\"]").command()).containsExactly("/a", "b c");
    assertThat(changed("cmd echo a  b").command()).containsExactly("/bin/sh", "-c", "echo a  b");
    assertThat(changed("CMD=/bin/bash").command()).containsExactly("/bin/sh", "-c", "/bin/bash");
    assertThat(changed("ENTRYPOINT [\"/a\"]").entrypoint()).containsExactly("/a");
    ImageConfig.Builder config = ImageConfig.builder(Platform.host()).shell("/bin/ash", "-ec");
    ImageChange.parse("CMD x").applyTo(config);
    assertThat(config.build().command()).containsExactly("/bin/ash", "-ec", "x");
  }

  @Test
  void variablesAndLabelsAreAddedOrReplaced() {
    assertThat(changed("ENV A=b B='c d' C=\"e \\\"f\\\"\" D=g\\ h").environment())
        .containsExactly("PATH=/bin", "A=b", "B=c d", "C=e \"f\"", "D=g h");
    assertThat(changed("ENV A all of this").environment())
        .containsExactly("PATH=/bin", "A=all of this");
    assertThat(changed("LABEL a=b blue=image", "LABEL x y").labels())
        .isEqualTo(Map.of("kept", "yes", "a", "b", "blue", "image", "x", "y"));
  }

  @Test
  void variablesOfTheImageAreKnown() {
    assertThat(changed("ENV PATH=$PATH:/opt/bin A=new B=\"<${A}> \\$A\" C='$A' D=\\$A$NONE E=$1$"))
        .extracting(ImageConfig::environment)
        .isEqualTo(List.of("PATH=/bin:/opt/bin", "A=new", "B=<old> $A", "C=$A", "D=$A", "E=$1$"));
    assertThat(changed("ENV X all of $A", "ENV Y=$X").environment())
        .contains("X=all of old", "Y=all of old");
    assertThat(changed("LABEL $A=${A}er").labels()).containsEntry("old", "older");
    assertThat(changed("ENV P=81 D=/d", "EXPOSE $P/udp").exposedPorts()).contains("81/udp");
    assertThat(changed("VOLUME $A/x", "VOLUME [\"/${A}\"]").volumes())
        .containsExactlyInAnyOrder("old/x", "/old");
    assertThat(changed("USER $A:7").user()).contains("old:7");
    assertThat(changed("WORKDIR $A/sub").workingDirectory()).contains("/srv/old/sub");
    // The shell of the container does it.
    assertThat(changed("CMD echo $A").command()).endsWith("echo $A");
  }

  @ParameterizedTest
  @ValueSource(strings = {"${A:-hunter2}", "\"${A#hunter2}\"", "${A", "${}"})
  void otherFormsOfVariablesAreRefused(String value) {
    assertThatThrownBy(() -> changed("ENV X=" + value))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED))
        .hasMessageContaining("ENV ${" + (value.contains("A") ? "A" : ""))
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void othersAreWhatTheySay() {
    ImageConfig config =
        changed(
            "EXPOSE 53/udp 8080",
            "VOLUME /a \"/b c\"",
            "VOLUME [\"/d\"]",
            "USER 7:8",
            "WORKDIR sub",
            "STOPSIGNAL SIGINT");
    assertThat(config.exposedPorts()).containsExactlyInAnyOrder("80/tcp", "53/udp", "8080/tcp");
    assertThat(config.volumes()).containsExactlyInAnyOrder("/a", "/b c", "/d");
    assertThat(config.user()).contains("7:8");
    assertThat(config.workingDirectory()).contains("/srv/sub");
    assertThat(config.stopSignal()).contains("SIGINT");
  }

  /** As with any value that may be a secret. */
  @ParameterizedTest
  @ValueSource(
      strings = {"ENV A=\"hunter2", "ENV A=b hunter2", "LABEL A='hunter2", "ENV A=hunter2\\", "X"})
  void whatMakesNoSenseIsRefusedWithoutItsValue(String instruction) {
    assertThatThrownBy(() -> changed(instruction))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT))
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void changesAreReadBeforeThereIsAnEngine() {
    assertThat(Sample.runcible("commit", "-c", "RUN x", "nobody", "a").errors()).contains("RUN");
    assertThat(Sample.runcible("commit", "-c", "X", "nobody", "a").errors())
        .contains("a change is");
  }

  @ParameterizedTest
  @ValueSource(strings = {"RUN x", "ONBUILD RUN x", "HEALTHCHECK NONE"})
  void whatDoesMoreIsRefusedByItsName(String instruction) {
    assertThatThrownBy(() -> changed(instruction))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED))
        .hasMessageContaining(instruction.split(" ", 2)[0]);
  }
}
