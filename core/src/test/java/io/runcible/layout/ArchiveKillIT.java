package io.runcible.layout;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.ChildJvm;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.Samples;
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

  private ChildJvm startWriter(String kind, String file) {
    ChildJvm writer = ChildJvm.start(Program.class, kind, temporary.resolve(file));
    assertThat(writer.line()).isEqualTo("written");
    return writer;
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
  void theNextWriterRemovesWhatAKilledOneLeft(String kind) {
    try (ChildJvm killed = startWriter(kind, "killed.tar");
        ChildJvm living = startWriter(kind, "living.tar")) {
      write(kind, "other.tar");
      assertThat(leftovers()).hasSize(2);
      killed.kill();
      assertThat(leftovers()).hasSize(2);
      assertThat(living.isAlive()).isTrue();
      write(kind, "killed.tar");
      assertThat(leftovers()).hasSize(1);
      assertThat(Tars.names(temporary.resolve(leftovers().get(0)))).hasSizeGreaterThan(1);
    }
    write(kind, "other.tar");
    assertThat(Tars.names(temporary)).containsExactlyInAnyOrder("killed.tar", "other.tar");
  }
}
