package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.image.ImageConfig;
import io.runcible.image.Platform;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoredRestartTest {
  private static final RestartPolicy MADE = RestartPolicy.onFailure(5);

  @TempDir Path containers;
  private ContainerDirectory directory;

  @BeforeEach
  void makeDirectory() throws IOException {
    directory = ContainerDirectory.of(containers, "box");
    Files.createDirectory(directory.path());
  }

  private RestartPolicy stored() {
    ContainerSpec spec = ContainerSpec.builder("registry.example/box:1").restart(MADE).build();
    ContainerOptions options =
        ContainerOptions.of(spec, ImageConfig.builder(Platform.host()).build(), Map.of());
    ContainerRecord record =
        new ContainerRecord(
            "box",
            "token",
            "box",
            spec.image().toString(),
            List.of(),
            "",
            15,
            false,
            0,
            List.of(),
            options,
            ContainerStorage.NONE,
            IdMaps.HOST);
    return StoredRestart.of(directory, record);
  }

  @Test
  void policyIsThatOfTheMakingUntilAnotherIsWritten() throws IOException {
    assertThat(stored()).isEqualTo(MADE);
    for (RestartPolicy policy :
        List.of(RestartPolicy.ALWAYS, RestartPolicy.onFailure(2), RestartPolicy.NO)) {
      StoredRestart.write(directory, policy);
      assertThat(stored()).isEqualTo(policy);
    }
    assertThat(directory.path()).isDirectoryNotContaining("glob:**.new");
  }

  /** As a power cut may leave it: nobody could end or remove the container else. */
  @Test
  void damagedFileLeavesThePolicyOfTheMaking() throws IOException {
    for (String damaged :
        List.of(
            "",
            "\n",
            "\0\0\0\0\0\0",
            "3",
            "3 true",
            "3 tr\n",
            "-1 true\n",
            "x true\n",
            "9999999999 true\n",
            "3 true\n3 true\n")) {
      Files.writeString(directory.restartPolicy(), damaged);
      assertThat(stored()).as(damaged).isEqualTo(MADE);
    }
    Files.write(directory.restartPolicy(), "3 tr\u00fce\n".getBytes(StandardCharsets.ISO_8859_1));
    assertThat(stored()).isEqualTo(MADE);
    StoredRestart.write(directory, RestartPolicy.ALWAYS);
    assertThat(stored()).isEqualTo(RestartPolicy.ALWAYS);
  }
}
