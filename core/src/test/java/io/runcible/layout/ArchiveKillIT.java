package io.runcible.layout;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.Samples;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What outlives a writer of archives that is killed. */
class ArchiveKillIT {
  private static final ImageReference APP = ImageReference.parse("registry.example/team/app:1");

  @TempDir Path temporary;

  private static ImageSink create(String kind, Path file) {
    return kind.equals("oci") ? OciArchive.create(file) : DockerArchive.create(file);
  }

  /** Writes to an archive, and never ends. */
  static final class Program {
    private Program() {}

    public static void main(String[] arguments) throws Exception {
      ImageSink sink = create(arguments[0], Path.of(arguments[1]));
      Samples.put(sink, APP, "one");
      System.out.println("written");
      Thread.sleep(Long.MAX_VALUE);
      sink.close();
    }
  }

  private Process startWriter(String kind, String file) throws IOException {
    String hidden = System.getProperty("surefire.test.class.path");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                hidden != null ? hidden : System.getProperty("java.class.path"),
                Program.class.getName(),
                kind,
                temporary.resolve(file).toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
    assertThat(output.readLine()).isEqualTo("written");
    return process;
  }

  private List<String> leftovers() {
    return Tars.names(temporary).stream().filter(name -> name.startsWith(".runcible-")).toList();
  }

  private void write(String kind, String file) {
    try (ImageSink sink = create(kind, temporary.resolve(file))) {
      Samples.put(sink, APP, "two");
      sink.commit();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"oci", "docker"})
  void theNextWriterRemovesWhatAKilledOneLeft(String kind) throws Exception {
    Process killed = startWriter(kind, "killed.tar");
    Process living = startWriter(kind, "living.tar");
    try {
      write(kind, "other.tar");
      assertThat(leftovers()).hasSize(2);
      killed.destroyForcibly().waitFor();
      assertThat(leftovers()).hasSize(2);
      write(kind, "killed.tar");
      assertThat(leftovers()).hasSize(1);
      assertThat(Tars.names(temporary.resolve(leftovers().get(0)))).hasSizeGreaterThan(1);
    } finally {
      killed.destroyForcibly().waitFor();
      living.destroyForcibly().waitFor();
    }
    write(kind, "other.tar");
    assertThat(Tars.names(temporary)).containsExactlyInAnyOrder("killed.tar", "other.tar");
  }
}
