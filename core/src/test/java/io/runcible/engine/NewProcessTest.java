package io.runcible.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.registry.RegistryClient;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What costs a new process tens of milliseconds is loaded when it is used. */
class NewProcessTest {
  /** What every process does that opens an engine. */
  static final class Start {
    private Start() {}

    public static void main(String[] args) {
      RegistryClient.create().close();
      new Operations().run(EngineOperation.PULL, "image", () -> 1);
      Digest digest = Digest.sha256(new byte[0]);
      System.out.println("found " + Map.of(digest, 7).get(Digest.parse(digest.toString())));
    }
  }

  @Test
  void loadsNeitherFlightRecordersEventsNorTheHttpLibraryNorTheMakerOfMethodsOfRecords()
      throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Xlog:class+load:stdout",
                "-cp",
                System.getProperty("java.class.path"),
                Start.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).isZero();
    assertThat(output)
        .contains("found 7", "io.runcible.engine.Operations ")
        .doesNotContain(
            "jdk.jfr.internal.",
            "io.runcible.engine.FlightEvents",
            "okhttp3.internal.platform.Platform ",
            "java.lang.runtime.ObjectMethods ");
  }
}
