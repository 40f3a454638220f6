package io.runcible.samples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.samples.cli.Sample.Ended;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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
    assertThat(runcible("import", cut.toString(), NAME).code()).isEqualTo(125);
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

  @Test
  void whatIsNotThereSaysWhatIs() throws Exception {
    assertOneLine(Sample.runcible("build", "-t", "x", "."), 125, "build", "commit --change");
    assertOneLine(Sample.runcible("search", "--limit=3", "x"), 125, "search", "tags NAME");
  }
}
