package io.runcible.engine;

import io.runcible.ffi.NativeAccess;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * The class path of this JVM once more, as jars that every user of the host may read, and an
 * archive of the classes that an engine loads: with that a second JVM takes half the processor time
 * to start. Both are removed when this JVM ends.
 */
final class ChildClasses {
  private static @Nullable ChildClasses made;

  private final Path directory = Files.createTempDirectory(TestRoot.base(), "runcible-classes-");
  private final List<String> jars = new ArrayList<>();
  private int uses;

  private ChildClasses() throws IOException {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> TestRoot.remove(directory)));
    allow(directory, "rwxr-xr-x");
    for (String entry : ChildJvm.classPath().split(File.pathSeparator)) {
      Path path = Path.of(entry);
      if (Files.exists(path)) {
        Path jar = directory.resolve(jars.size() + "-" + path.getFileName());
        if (Files.isDirectory(path)) {
          pack(path, jar);
        } else {
          Files.copy(path, jar);
        }
        allow(jar, "rw-r--r--");
        jars.add(jar.toString());
      }
    }
  }

  private static void allow(Path path, String permissions) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
  }

  /** Of a directory no class is archived. */
  private static void pack(Path classes, Path jar) {
    int code =
        ToolProvider.findFirst("jar")
            .orElseThrow()
            .run(System.out, System.err, "-c0Mf", jar.toString(), "-C", classes.toString(), ".");
    if (code != 0) {
      throw new IllegalStateException("cannot pack '" + classes + "'");
    }
  }

  /** What a second JVM needs to find its classes. */
  static synchronized List<String> options() {
    if (!NativeAccess.isAvailable() || !NativeAccess.isRoot()) {
      return List.of("-cp", ChildJvm.classPath());
    }
    try {
      ChildClasses classes = made;
      if (classes == null) {
        classes = new ChildClasses();
        made = classes;
      }
      // An archive takes as long as two starts, and in an emulated machine much longer.
      if (++classes.uses == 2 && Rounds.patience(1).toSeconds() == 1) {
        classes.train();
      }
      List<String> options = new ArrayList<>(classes.path());
      if (Files.exists(classes.archive())) {
        options.add("-XX:SharedArchiveFile=" + classes.archive());
      }
      return options;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private List<String> path() {
    return List.of("-cp", String.join(File.pathSeparator, jars));
  }

  private Path archive() {
    return directory.resolve("classes.jsa");
  }

  /** What it says does not matter: without an archive all is slower and nothing else. */
  private void train() throws IOException, InterruptedException {
    List<String> command = ChildJvm.java();
    command.add("-XX:ArchiveClassesAtExit=" + archive());
    command.addAll(path());
    command.add(TrainingProgram.class.getName());
    command.add(directory.resolve("training").toString());
    command.add(TestImages.layout().toString());
    new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
    if (Files.exists(archive())) {
      allow(archive(), "rw-r--r--");
    }
  }
}
