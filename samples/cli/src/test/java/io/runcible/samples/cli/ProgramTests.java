package io.runcible.samples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.archive.LayerWriter;
import io.runcible.archive.WrittenLayer;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageReference;
import io.runcible.image.Platform;
import io.runcible.layout.ImageLayout;
import io.runcible.samples.cli.Sample.Ended;
import io.runcible.serve.RegistryServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The program as its launcher starts it, with an image of the host's own shell, for the tests that
 * extend this.
 */
@ExtendWith(InstalledProgram.class)
abstract class ProgramTests {
  /**
   * Commands that start nothing and pass neither a terminal nor signals on; of each kind, to ask
   * and to act, a test runs one as a process all the same.
   */
  private static final Set<String> HERE =
      Set.of(
          "history", "images", "inspect", "kill", "logs", "prune", "ps", "rm", "rmi", "stop", "tag",
          "wait");

  static final int LIMIT_SECONDS = 60;
  private static final Pattern LIBRARY = Pattern.compile("(/\\S+) \\(0x");

  @TempDir Path directory;
  RegistryServer registry;
  String image;
  int runs;

  @BeforeEach
  void serve() throws Exception {
    ImageLayout layout = ImageLayout.create(directory.resolve("layout"));
    LayerWriter layer = new LayerWriter();
    for (String file :
        programsWithLibraries("/bin/sh", "/bin/cat", "/bin/sleep", "/usr/bin/setsid")) {
      layer.addFile(file, 0755, Path.of(file).toRealPath());
    }
    WrittenLayer written = layer.writeTo(directory.resolve("layer"));
    ImageReference name = ImageReference.parse("samples/shell:1");
    ImageAssembly.builder(Platform.host()).layer(written).build().writeTo(layout, name);
    registry = RegistryServer.serve(layout).start();
    image = registry.host() + "/samples/shell:1";
  }

  /** What a test that fails has left keeps the directory from being removed. */
  @AfterEach
  void close() throws Exception {
    try {
      if (Files.isDirectory(directory.resolve("data/containers"))) {
        Ended removed = runcible("rm", "--force", "--all");
        assertThat(removed.code()).as("%s", removed).isZero();
      }
    } finally {
      registry.close();
    }
  }

  private static List<String> programsWithLibraries(String... programs) throws Exception {
    List<String> files = new ArrayList<>(List.of(programs));
    for (String program : programs) {
      Process ldd = new ProcessBuilder("ldd", program).start();
      new String(ldd.getInputStream().readAllBytes(), UTF_8)
          .lines()
          .flatMap(line -> LIBRARY.matcher(line).results())
          .map(found -> found.group(1))
          .filter(file -> !files.contains(file))
          .forEach(files::add);
    }
    return files;
  }

  ProcessBuilder command(String name, String... arguments) throws IOException {
    List<String> all =
        new ArrayList<>(
            List.of(
                name,
                "--root",
                directory.resolve("data").toString(),
                "--state",
                state().toString()));
    all.addAll(List.of(arguments));
    return program(List.of(), all);
  }

  /** The program under another one that starts it, or by itself. */
  ProcessBuilder program(List<String> starter, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>(starter);
    command.addAll(InstalledProgram.start());
    command.addAll(arguments);
    runs++;
    return new ProcessBuilder(command)
        .redirectOutput(directory.resolve("out" + runs).toFile())
        .redirectError(directory.resolve("err" + runs).toFile());
  }

  Path state() {
    return directory.resolve("state");
  }

  /** Runs the program; in this JVM if that is enough, which spares the start of another. */
  Ended runcible(String name, String... arguments) throws Exception {
    return HERE.contains(name)
        ? Sample.runcible(ofProgram(command(name, arguments)).toArray())
        : launched(name, arguments);
  }

  /** Runs the program as a process. */
  Ended launched(String name, String... arguments) throws Exception {
    Process process = command(name, arguments).start();
    return ended(process, runs);
  }

  static List<String> ofProgram(ProcessBuilder command) {
    List<String> words = command.command();
    return words.subList(words.indexOf(Cli.class.getName()) + 1, words.size());
  }

  Ended ended(Process process, int run) throws Exception {
    process.getOutputStream().close();
    assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    return new Ended(process.exitValue(), read("out" + run), read("err" + run));
  }

  String read(String file) throws IOException {
    return Files.readString(directory.resolve(file), UTF_8);
  }

  static void assertOneLine(Ended ended, int code, String... words) {
    assertThat(ended.code()).as("%s", ended).isEqualTo(code);
    assertThat(ended.output()).isEmpty();
    assertThat(ended.errors()).startsWith("runcible: ").contains(words);
    assertThat(ended.errors().lines()).hasSize(1);
  }

  Ended sub(String command, String verb, String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of(command));
    all.addAll(ofProgram(command(verb, arguments)));
    return Sample.runcible(all.toArray());
  }
}
