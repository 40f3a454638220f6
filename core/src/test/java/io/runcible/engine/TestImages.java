package io.runcible.engine;

import io.runcible.HostTools;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The images that {@code src/test/images/build} makes; see the list in its README. */
public final class TestImages {
  private static @Nullable Path directory;

  private TestImages() {}

  /** The OCI layout, whose tags are the images; built at the first call on a host. */
  public static Path layout() {
    return directory().resolve("layout");
  }

  /** What umoci makes of the image {@code postgres}, for {@code FileTree.read}. */
  static Path postgresTree() {
    return directory().resolve("postgres.tree");
  }

  private static synchronized Path directory() {
    Path known = directory;
    if (known == null) {
      known = build();
      directory = known;
    }
    return known;
  }

  private static Path build() {
    HostTools.requireContainers();
    Path script = Path.of("src/test/images/build").toAbsolutePath();
    HostTools.require(Files.isExecutable(script), "'" + script + "' is missing: run in core/");
    try {
      Process process =
          new ProcessBuilder(script.toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      process.getOutputStream().close();
      List<String> lines =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
              .lines()
              .toList();
      int code = process.waitFor();
      HostTools.require(
          code == 0 && !lines.isEmpty(),
          "the test images cannot be built: '" + script + "' ended with " + code);
      return Path.of(lines.get(lines.size() - 1));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
