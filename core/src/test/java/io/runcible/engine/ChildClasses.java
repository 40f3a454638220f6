package io.runcible.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.Digest;
import io.runcible.ffi.NativeAccess;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The class path of this JVM once more, as jars that every user of the host may read, and an
 * archive of the classes that an engine loads: with that a second JVM takes half the processor time
 * to start. The JVMs that run the same tests side by side share them, and the last one that ends
 * removes them.
 */
@SuppressWarnings("try") // A lock is for what is done while it is held.
final class ChildClasses {
  private static final String USER = "user-";

  private static @Nullable ChildClasses made;

  private final Path directory;
  private final List<String> jars = new ArrayList<>();

  private ChildClasses(Path directory) {
    this.directory = directory;
  }

  /** What a second JVM needs to find its classes. */
  static synchronized List<String> options() {
    if (!NativeAccess.isAvailable() || !NativeAccess.isRoot()) {
      return List.of("-cp", ChildJvm.classPath());
    }
    try {
      ChildClasses classes = made;
      if (classes == null) {
        classes = new ChildClasses(TestRoot.base().resolve("runcible-classes-" + key()));
        try (FileChannel lock = lock()) {
          classes.begin();
          classes.pack();
        }
        Runtime.getRuntime().addShutdownHook(new Thread(ChildClasses::leave));
        made = classes;
      }
      return classes.use();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Another one for other classes. */
  private static String key() throws IOException {
    StringBuilder all = new StringBuilder(Runtime.version().toString());
    for (Path entry : entries()) {
      try (Stream<Path> files = Files.walk(entry)) {
        for (Path file : files.sorted().toList()) {
          all.append(file).append(Files.size(file)).append(Files.getLastModifiedTime(file));
        }
      }
    }
    return Digest.sha256(all.toString().getBytes(UTF_8)).hex().substring(0, 16);
  }

  private static List<Path> entries() {
    return Stream.of(ChildJvm.classPath().split(File.pathSeparator))
        .map(Path::of)
        .filter(Files::exists)
        .toList();
  }

  /** The directory is this JVM's, too, from then on. */
  private void begin() throws IOException {
    try {
      Files.createDirectory(directory);
      allow(directory, "rwxr-xr-x");
    } catch (FileAlreadyExistsException e) {
      // What lies there is run by root: only what root has made.
      Map<String, Object> found =
          Files.readAttributes(directory, "unix:uid,mode", LinkOption.NOFOLLOW_LINKS);
      if (!found.equals(Map.of("uid", 0, "mode", 040755))) {
        throw new IllegalStateException("'" + directory + "' is not of these tests: " + found, e);
      }
    }
    Files.writeString(user(ProcessHandle.current().pid()), "");
  }

  /** It lies where nobody removes it while another one waits for it. */
  private static FileChannel lock() throws IOException {
    Path target = Files.createDirectories(Path.of("target"));
    FileChannel lock =
        FileChannel.open(
            target.resolve("child-classes.lock"),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE);
    lock.lock();
    return lock;
  }

  private Path user(long pid) {
    return directory.resolve(USER + pid);
  }

  private void pack() throws IOException {
    for (Path entry : entries()) {
      Path jar = directory.resolve(jars.size() + "-" + entry.getFileName());
      jars.add(jar.toString());
      if (!Files.exists(jar)) {
        Path unfinished = directory.resolve("unfinished");
        if (Files.isDirectory(entry)) {
          pack(entry, unfinished);
        } else {
          Files.copy(entry, unfinished, StandardCopyOption.REPLACE_EXISTING);
        }
        allow(unfinished, "rw-r--r--");
        Files.move(unfinished, jar);
      }
    }
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

  private static void allow(Path path, String permissions) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
  }

  /** An archive takes as long as some starts, and in an emulated machine much longer. */
  private List<String> use() throws IOException, InterruptedException {
    Path archive = directory.resolve("classes.jsa");
    try (FileChannel lock = lock()) {
      Path usedBefore = directory.resolve("used");
      if (!Files.exists(usedBefore)) {
        Files.createFile(usedBefore);
      } else if (!Files.exists(archive) && Rounds.patience(1).toSeconds() == 1) {
        train(archive);
      }
    }
    List<String> options = new ArrayList<>(path());
    if (Files.exists(archive)) {
      options.add("-XX:SharedArchiveFile=" + archive);
    }
    return options;
  }

  private List<String> path() {
    return List.of("-cp", String.join(File.pathSeparator, jars));
  }

  /** What it says does not matter: without an archive all is slower and nothing else. */
  private void train(Path archive) throws IOException, InterruptedException {
    Path unfinished = directory.resolve("unfinished.jsa");
    List<String> command = ChildJvm.java();
    command.add("-XX:ArchiveClassesAtExit=" + unfinished);
    command.addAll(path());
    command.add(TrainingProgram.class.getName());
    command.add(directory.resolve("training").toString());
    command.add(TestImages.layout().toString());
    Process training =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (!training.waitFor(1, TimeUnit.MINUTES)) {
      training.destroyForcibly().waitFor();
    }
    if (training.exitValue() == 0 && Files.exists(unfinished)) {
      allow(unfinished, "rw-r--r--");
      Files.move(unfinished, archive);
    }
  }

  /** Who was killed has not left. */
  private static synchronized void leave() {
    ChildClasses classes = made;
    if (classes == null) {
      return;
    }
    try (FileChannel lock = lock();
        Stream<Path> files = Files.list(classes.directory)) {
      Files.delete(classes.user(ProcessHandle.current().pid()));
      boolean used =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.startsWith(USER))
              .map(name -> ProcessHandle.of(Long.parseLong(name.substring(USER.length()))))
              .flatMap(Optional::stream)
              .anyMatch(process -> !process.equals(ProcessHandle.current()));
      if (!used) {
        TestRoot.remove(classes.directory);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
