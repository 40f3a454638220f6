package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrimedKeyTest {
  private static final Digest BASE = Digest.sha256(new byte[0]);
  private static final Priming PRIMING = Priming.of("key", container -> {});

  @TempDir private Path directory;

  private static ContainerSpec.Builder spec() {
    return ContainerSpec.builder("registry.example/app:1");
  }

  private static String key(ContainerSpec.Builder spec) {
    return PrimedKey.of(BASE, spec.build(), PRIMING);
  }

  private static String key(Priming priming) {
    return PrimedKey.of(BASE, spec().build(), priming);
  }

  private static Mount file(String content, int mode) {
    return Mount.file(content.getBytes(StandardCharsets.UTF_8), "/file", mode);
  }

  @Test
  void listsThatLookAlikeHaveKeysOfTheirOwn() {
    List<String> keys =
        List.of(
            key(PRIMING),
            key(PRIMING.input("")),
            key(PRIMING.input("a, b")),
            key(PRIMING.input("a").input("b")),
            key(spec().command("a, b")),
            key(spec().command("a", "b")),
            key(spec().command("a").entrypoint("b")),
            key(spec().entrypoint("a", "b")));
    assertThat(keys).doesNotHaveDuplicates();
    assertThat(key(PRIMING.input("a"))).isEqualTo(key(PRIMING.input("a")));
  }

  @Test
  void whatIsInAFileAndItsModeCount() {
    assertThat(
            List.of(
                key(spec()),
                key(spec().mount(file("a", 0644))),
                key(spec().mount(file("a", 0755))),
                key(spec().mount(file("b", 0644)))))
        .doesNotHaveDuplicates();
    assertThat(key(spec().mount(file("a", 0644)))).isEqualTo(key(spec().mount(file("a", 0644))));
  }

  @Test
  void linksAmongInputsAreFollowed() throws IOException {
    Path real = Files.createDirectories(directory.resolve("real/sql"));
    Path schema = Files.writeString(real.resolve("schema"), "1");
    Path top = Files.createSymbolicLink(directory.resolve("top"), real.getParent());
    Path other = Files.createDirectory(directory.resolve("other"));
    Files.createSymbolicLink(other.resolve("inside"), real);
    Files.createSymbolicLink(other.resolve("broken"), Path.of("none"));
    for (Path input : List.of(top, other)) {
      Files.writeString(schema, "1");
      Priming priming = PRIMING.input(input);
      String before = key(priming);
      assertThat(key(priming)).isEqualTo(before);
      Files.writeString(schema, "2");
      assertThat(key(priming)).isNotEqualTo(before);
    }
    assertThat(key(PRIMING.input(top))).isEqualTo(key(PRIMING.input(real.getParent())));
    Files.createSymbolicLink(real.resolve("loop"), Path.of(".."));
    RunIT.assertFails(
        () -> key(PRIMING.input(top)), ErrorKind.INVALID_INPUT, top.toString(), "loop");
  }
}
