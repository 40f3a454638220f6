package io.runcible.junit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Holds the exported API against the checked-in dump, as the test of this name in core, whose
 * program writes it. To accept a change: {@code mvn -pl junit-extension -am test
 * -Dtest=ExportedApiTest -Dapi.accept=true -Dsurefire.failIfNoSpecifiedTests=false}.
 */
class ExportedApiTest {
  private static final Path PROGRAM = Path.of("../core/src/test/java/io/runcible/ExportedApi.java");
  private static final Path GOLDEN = Path.of("src/test/api/runcible-junit.api");

  @Test
  void isWhatTheDumpSays() throws Exception {
    String actual = dump();
    if (Boolean.getBoolean("api.accept")) {
      Files.createDirectories(GOLDEN.getParent());
      Files.writeString(GOLDEN, actual);
    }
    String accepted = Files.readString(GOLDEN);
    assertThat(actual.lines())
        .as("the exported API; accept a change with -Dtest=ExportedApiTest -Dapi.accept=true")
        .containsExactlyInAnyOrderElementsOf(accepted.lines().toList());
    assertThat(actual).isEqualTo(accepted);
  }

  private static String dump() throws IOException, InterruptedException {
    Process java =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                PROGRAM.toString(),
                "target/classes")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    java.getOutputStream().close();
    String said = new String(java.getInputStream().readAllBytes(), UTF_8);
    assertThat(java.waitFor()).isZero();
    return said;
  }
}
