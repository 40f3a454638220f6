package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RuntimeVersionTest {
  private static final Path PROGRAM = Path.of("/usr/bin/runc");

  @Test
  void runcIsRecognised() {
    OciRuntime.Info info =
        RuntimeVersion.parse(
            "runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1+deb12u1\nspec: 1.0.2-dev\ngo: go1.19.8\n",
            PROGRAM);

    assertThat(info)
        .isEqualTo(new OciRuntime.Info("runc", "1.1.5+ds1", "1.0.2-dev", PROGRAM, Set.of()));
  }

  @Test
  void crunIsRecognised() {
    OciRuntime.Info info =
        RuntimeVersion.parse(
            "crun version 1.8.1\n"
                + "commit: f8a096b\n"
                + "rundir: /run/crun\n"
                + "spec: 1.0.0\n"
                + "+SYSTEMD +LIBKRUN\n",
            PROGRAM);

    assertThat(info.name()).isEqualTo("crun");
    assertThat(info.specVersion()).isEqualTo("1.0.0");
    assertThat(info.features()).containsExactlyInAnyOrder("SYSTEMD", "LIBKRUN");
  }

  @Test
  void unknownRuntimeWithoutSpecIsAccepted() {
    OciRuntime.Info info = RuntimeVersion.parse("youki 0.5.3", PROGRAM);

    assertThat(info).isEqualTo(new OciRuntime.Info("youki", "0.5.3", "unknown", PROGRAM, Set.of()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "GNU bash", "usage: x", "runc version"})
  void otherProgramsAreRefused(String answer) {
    assertThatThrownBy(() -> RuntimeVersion.parse(answer, PROGRAM))
        .isInstanceOfSatisfying(
            RuncibleException.class,
            failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.UNSUPPORTED));
  }

  @ParameterizedTest
  @CsvSource({
    "1.0.0, 3",
    "1.1.5+ds1, 3",
    "1.1.11, 3",
    "1.1.12, 2",
    "1.1.15, 2",
    "1.2.0, 2",
    "1.2.7, 2",
    "1.2.8, 1",
    "1.2.9, 1",
    "1.3.0, 2",
    "1.3.2, 2",
    "1.3.3, 1",
    "1.3.6, 0",
    "1.4.0-rc.2, 2",
    "1.4.0~rc.2+ds1, 2",
    "1.4.0-rc.3, 1",
    "1.4.0, 1",
    "1.4.2, 1",
    "1.4.3, 0",
    "1.5.0-rc.1, 1",
    "1.5.0, 0",
    "1.10.0, 0",
    "2.0.0, 0",
    "unknown, 0"
  })
  void escapesOfOldVersionsAreKnown(String version, int count) {
    OciRuntime.Info info = new OciRuntime.Info("runc", version, "1.0.2", PROGRAM, Set.of());

    assertThat(RuntimeVersion.escapes(info)).hasSize(count);
  }

  @Test
  void warningSaysThatDistributionsMendWithoutANewNumber() {
    OciRuntime.Info info = new OciRuntime.Info("runc", "1.1.5+ds1", "1.0.2", PROGRAM, Set.of());

    assertThat(RuntimeVersion.warnings(info))
        .singleElement()
        .asString()
        .contains("1.1.5+ds1", "/usr/bin/runc", "CVE-2024-21626", "1.1.12", "distribution");
  }

  @ParameterizedTest
  @CsvSource({
    "crun, 1.8.1, LIBKRUN, 1",
    "crun, 1.19, LIBKRUN, 1",
    "crun, 1.20, LIBKRUN, 0",
    "crun, 1.8.1, SECCOMP, 0",
    "youki, 0.5.6, X, 1",
    "youki, 0.5.7, X, 0",
    "runsc, 1.1.5, X, 0"
  })
  void eachRuntimeHasEscapesOfItsOwn(String name, String version, String feature, int count) {
    OciRuntime.Info info = new OciRuntime.Info(name, version, "1.0.0", PROGRAM, Set.of(feature));

    assertThat(info.warnings()).hasSize(count).allMatch(warning -> warning.startsWith(name));
  }
}
