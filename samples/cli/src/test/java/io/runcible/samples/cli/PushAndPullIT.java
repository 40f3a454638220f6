package io.runcible.samples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.layout.ImageLayout;
import io.runcible.samples.cli.Sample.Ended;
import io.runcible.serve.RegistryServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What people's fingers know of pull, push and images from other engines. */
@Execution(ExecutionMode.CONCURRENT)
class PushAndPullIT extends ProgramTests {
  private RegistryServer other;
  private String name;

  @BeforeEach
  void serveAnother() throws Exception {
    other = RegistryServer.serve(ImageLayout.create(directory.resolve("other"))).writable().start();
    name = other.host() + "/team/app";
    assertThat(runcible("pull", image).code()).isZero();
  }

  @AfterEach
  void closeOther() {
    other.close();
  }

  private Ended good(String command, String... arguments) throws Exception {
    Ended ended = runcible(command, arguments);
    assertThat(ended.code()).as("%s", ended).isZero();
    return ended;
  }

  /** Of the store alone, without an engine. */
  private Ended push(Object... arguments) {
    return Sample.runcible(
        Stream.concat(Stream.of("push", "--root", directory.resolve("data")), Stream.of(arguments))
            .toArray());
  }

  @Test
  void allTagsGoThereAndComeBack() throws Exception {
    good("tag", image, name + ":1");
    good("tag", image, name + ":2");
    String digest = good("images", "--format", "{{.Digest}}", name + ":1").output();
    assertThat(push("-aq", name).output()).isEqualTo(digest + digest);
    assertThat(Sample.runcible("tags", name).output()).isEqualTo("TAG\n1\n2\n");
    good("rmi", name + ":1", name + ":2", image);
    // Without a tag there would be none of these.
    assertThat(good("pull", "-a", "-q", name).output()).isEqualTo(digest + digest);
    assertThat(good("images", "-q", "--sort", "tag").output())
        .isEqualTo(name + ":1\n" + name + ":2\n");
    good("rmi", name + ":1", name + ":2");
    assertThat(good("pull", "-q", name + ":2", name + ":1").output()).isEqualTo(digest + digest);
    assertOneLine(push("-a", other.host() + "/team/none"), 125, "team/none");
    assertThat(push("-a", name, "oci:x").code()).isEqualTo(2);
  }

  @Test
  void pushCompressesAgainAndNotesTheDigest() throws Exception {
    Path file = directory.resolve("digest");
    Ended pushed =
        push(
            "--compression-format",
            "zstd",
            "--compression-level",
            "1",
            "--digestfile",
            file,
            image,
            name + ":z");
    assertThat(Files.readString(file) + "\n").isEqualTo(pushed.output());
    String layers = good("inspect", "-f", "{{json .layers}}", "docker://" + name + ":z").output();
    assertThat(layers).contains("tar+zstd");
    assertThat(push("--compression-level", "1", image, name + ":y").code()).isEqualTo(2);
  }

  @Test
  void imagesAreSorted() throws Exception {
    good("tag", image, "b.example/x:1");
    good("tag", image, "a.example/x:2");
    assertThat(good("images", "-q", "--sort", "repository", "x").output())
        .isEqualTo("a.example/x:2\nb.example/x:1\n");
    assertThat(good("images", "-q", "--sort", "tag", "x").output())
        .isEqualTo("b.example/x:1\na.example/x:2\n");
    assertThat(good("images", "-q", "--sort", "size", "x").output().lines()).hasSize(2);
  }
}
