package io.runcible.samples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.Digest;
import io.runcible.samples.cli.Sample.Ended;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Images that are made of the tar of a root file system. */
@Execution(ExecutionMode.CONCURRENT)
class ImportIT extends ProgramTests {
  private static final String NAME = "made.example/root:1";

  private Path exported() throws Exception {
    Path tar = directory.resolve("root.tar");
    String script = "echo text >/file";
    assertThat(runcible("create", "--name", "box", image, "/bin/sh", "-c", script).code()).isZero();
    assertThat(runcible("start", "-a", "box").code()).isZero();
    assertThat(runcible("export", "-o", tar.toString(), "box").code()).isZero();
    assertThat(runcible("rm", "box").code()).isZero();
    return tar;
  }

  @Test
  void exportedFileSystemBecomesAnImageThatRuns() throws Exception {
    Path tar = exported();
    Ended made =
        runcible(
            "import",
            "-c",
            "CMD [\"/bin/cat\", \"/file\"]",
            "--change",
            "ENV A=b",
            "-m",
            "because",
            tar.toString(),
            NAME);
    assertThat(made.output()).startsWith("sha256:");
    assertThat(runcible("run", NAME)).isEqualTo(new Ended(0, "text\n", ""));
    JsonNode image =
        new ObjectMapper().readTree(runcible("inspect", "--type=image", NAME).output()).get(0);
    assertThat(image.path("Comment").asText()).isEqualTo("because");
    assertThat(image.path("Config").path("Env")).extracting(JsonNode::asText).contains("A=b");
    assertThat(image.path("Digest").asText() + "\n").isEqualTo(made.output());
    // The same tar otherwise compressed, and from a pipe, has the same files.
    Sample.tool("gzip", "-k", tar);
    Process piped =
        command("import", "--arch", image.path("Architecture").asText(), "-", NAME)
            .redirectInput(directory.resolve("root.tar.gz").toFile())
            .start();
    Ended ended = ended(piped, runs);
    assertThat(ended.code()).as("%s", ended).isZero();
    assertThat(ended.output()).startsWith("sha256:").isNotEqualTo(made.output());
    assertThat(runcible("inspect", "-f", "{{json .RootFS}}", NAME).output())
        .isEqualTo(image.path("RootFS") + "\n");
    assertThat(runcible("run", NAME, "/bin/cat", "/file").output()).isEqualTo("text\n");
  }

  @Test
  void whatIsNoFileSystemMakesNoImage() throws Exception {
    Path text = Files.writeString(directory.resolve("text"), "no tar ".repeat(500));
    assertOneLine(runcible("import", text.toString(), NAME), 125, "'" + text + "' is no tar");
    Sample.tool("gzip", "-k", text);
    assertOneLine(runcible("import", text + ".gz", NAME), 125, "is no tar");
    Path tar = exported();
    byte[] content = Files.readAllBytes(tar);
    Path cut = Files.write(directory.resolve("cut.tar"), Arrays.copyOf(content, 70_000));
    assertOneLine(runcible("import", cut.toString(), NAME), 125, "'" + cut + "'", "truncated");
    Sample.tool("gzip", "-k", tar);
    byte[] packed = Files.readAllBytes(directory.resolve("root.tar.gz"));
    Path half = directory.resolve("cut.tar.gz");
    Files.write(half, Arrays.copyOf(packed, packed.length / 2));
    assertOneLine(runcible("import", half.toString(), NAME), 125, "'" + half + "' is damaged");
    Path empty = Files.createFile(directory.resolve("empty"));
    assertOneLine(runcible("import", empty.toString(), NAME), 125, "'" + empty + "' is empty");
    assertOneLine(runcible("import", directory.toString(), NAME), 125, "is a directory");
    byte[] magic = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0};
    Path zstd = Files.write(directory.resolve("root.tar.zst"), magic);
    assertOneLine(runcible("import", zstd.toString(), NAME), 125, "zstd -dc");
    assertOneLine(runcible("import", directory + "/none", NAME), 125, "/none");
    assertOneLine(runcible("import", "https://site.example/x.tar", NAME), 125, "URL");
    assertOneLine(runcible("import", "-c", "RUN x", tar.toString(), NAME), 125, "RUN");
    assertOneLine(
        runcible("import", "--os=linux", "--platform=linux/amd64", tar.toString(), NAME),
        125,
        "--platform");
    assertThat(runcible("images", "-q", NAME).output()).isEmpty();
  }

  private Ended piped(Path input, String... arguments) throws Exception {
    List<String> words =
        new ArrayList<>(List.of("/bin/sh", "-c", "cat \"$0\" | \"$@\"", input.toString()));
    Process process = program(words, ofProgram(command("import", arguments))).start();
    return ended(process, runs);
  }

  @Test
  void tarOfAnyKindAndPlaceIsTaken() throws Exception {
    Path scratch = Files.write(directory.resolve("scratch.tar"), new byte[10_240]);
    assertThat(piped(scratch, "-", "made.example/scratch:1").output()).startsWith("sha256:");
    assertThat(runcible("inspect", "-f", "{{len .RootFS.Layers}}", "made.example/scratch:1"))
        .isEqualTo(new Ended(0, "1\n", ""));
    Files.writeString(directory.resolve("text"), "old\n");
    Path old = directory.resolve("old.tar");
    Sample.tool("tar", "--format=v7", "-C", directory, "-cf", old, "text");
    // As with process substitution, what can be read only once; of another platform.
    String[] arguments = {"--arch", "s390x", "--os", "plan9", "/dev/stdin", NAME};
    Ended made = piped(old, arguments);
    assertThat(made.output()).as("%s", made).startsWith("sha256:");
    assertThat(runcible("inspect", "-f", "{{.Os}}/{{.Architecture}}", NAME))
        .isEqualTo(new Ended(0, "plan9/s390x\n", ""));
    Ended raw = runcible("inspect", "--raw", NAME);
    assertThat(Digest.sha256(raw.output().getBytes(UTF_8)) + "\n").isEqualTo(made.output());
    assertThat(runcible("inspect", "--platform", "plan9/s390x", NAME).code()).isZero();
  }

  @Test
  void nothingIsLeftOfAnImportThatIsKilled() throws Exception {
    Path temporary = Files.createDirectory(directory.resolve("temporary"));
    ProcessBuilder command = command("import", "-", NAME);
    int main = command.command().indexOf(Cli.class.getName());
    command.command().add(main, "-Djava.io.tmpdir=" + temporary);
    Process process = command.start();
    try {
      process.getOutputStream().write(new byte[1 << 20]);
      process.getOutputStream().flush();
      // More than a pipe holds: it is being read.
      assertThat(temporary).isEmptyDirectory();
    } finally {
      process.destroyForcibly().waitFor();
    }
    assertThat(temporary).isEmptyDirectory();
  }

  @Test
  void whatIsNotThereSaysWhatIs() throws Exception {
    assertOneLine(Sample.runcible("build", "-t", "x", "."), 125, "build", "commit --change");
    assertOneLine(Sample.runcible("search", "--limit=3", "x"), 125, "search", "tags NAME");
  }

  @Test
  void whatIsSavedIsLoadedFromAPipe() throws Exception {
    assertThat(runcible("import", exported().toString(), NAME).code()).isZero();
    Path archive = directory.resolve("saved.tar");
    Process save = command("save", NAME).redirectOutput(archive.toFile()).start();
    assertThat(save.waitFor()).isZero();
    Sample.tool("gzip", "-k", archive);
    for (String file : List.of("saved.tar", "saved.tar.gz")) {
      assertThat(runcible("rmi", NAME).code()).isZero();
      Process load = command("load").redirectInput(directory.resolve(file).toFile()).start();
      Ended loaded = ended(load, runs);
      assertThat(loaded.code()).as("%s", loaded).isZero();
      assertThat(loaded.output()).isEqualTo("Loaded image: " + NAME + "\n");
      assertThat(runcible("run", NAME, "/bin/cat", "/file").output()).isEqualTo("text\n");
    }
  }

  @Test
  void killedLoadLeavesNoFile() throws Exception {
    Path temporary = Files.createDirectory(directory.resolve("temporary"));
    ProcessBuilder load = command("load");
    load.environment().put("JAVA_TOOL_OPTIONS", "-Djava.io.tmpdir=" + temporary);
    Process process = load.start();
    process.getOutputStream().write(new byte[1 << 20]);
    process.getOutputStream().flush();
    // It is removed as soon as it is open.
    while (process.isAlive() && !hasRemoved(process, temporary + "/runcible-")) {
      Thread.sleep(10);
    }
    process.destroyForcibly().waitFor();
    assertThat(process.exitValue()).isEqualTo(137);
    assertThat(temporary).isEmptyDirectory();
  }

  private static boolean hasRemoved(Process process, String name) throws IOException {
    try (DirectoryStream<Path> open =
        Files.newDirectoryStream(Path.of("/proc/" + process.pid() + "/fd"))) {
      for (Path file : open) {
        String target = Files.isSymbolicLink(file) ? Files.readSymbolicLink(file).toString() : "";
        if (target.startsWith(name) && target.endsWith(" (deleted)")) {
          return true;
        }
      }
    } catch (NoSuchFileException e) {
      // It has just closed one, or ended.
    }
    return false;
  }
}
