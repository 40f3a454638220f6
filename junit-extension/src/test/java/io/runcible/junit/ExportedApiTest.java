package io.runcible.junit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Holds the exported API against the checked-in dump, by the program of core's test of this name.
 * To accept a change: {@code mvn -pl junit-extension -am test -Dtest=ExportedApiTest
 * -Dapi.accept=true -Dsurefire.failIfNoSpecifiedTests=false}.
 */
class ExportedApiTest {
  @Test
  void isWhatTheDumpSays() throws Exception {
    Process java =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dapi.accept=" + Boolean.getBoolean("api.accept"),
                "-cp",
                System.getProperty("java.class.path"),
                "../core/src/test/java/io/runcible/ExportedApi.java",
                "target/classes",
                "src/test/api/runcible-junit.api")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    java.getOutputStream().close();
    assertThat(new String(java.getInputStream().readAllBytes(), UTF_8))
        .as("the exported API; accept a change with -Dtest=ExportedApiTest -Dapi.accept=true")
        .isEmpty();
    assertThat(java.waitFor()).isZero();
  }
}
