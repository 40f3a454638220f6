package io.runcible.samples.cli;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.ProgressListener;
import io.runcible.RuncibleException;
import io.runcible.archive.Compression;
import io.runcible.archive.WrittenLayer;
import io.runcible.engine.ContainerEngine;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.layout.ImageLayout;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes an image of one layer, which is there as a tar. */
@Command(
    name = "import",
    description =
        "Make an image of the tar of a root file system, such as `export` writes, plain or with"
            + " gzip, and print its digest.",
    mixinStandardHelpOptions = true)
final class ImportCommand implements Callable<Integer> {
  private static final int BUFFER = 1 << 16;
  private static final int MAGIC = 257;

  @Mixin private EngineOptions options = new EngineOptions();
  @Mixin private PlatformOption platform = new PlatformOption();

  @Option(
      names = {"-c", "--change"},
      paramLabel = "INSTRUCTION",
      description = "Set the configuration as a Containerfile does; see commit.")
  private List<String> changes = List.of();

  @Option(
      names = {"-m", "--message"},
      description = "What it is for.")
  private @Nullable String message;

  @Option(
      names = {"-q", "--quiet"},
      description = "Accepted: there is no progress to tell.")
  @SuppressWarnings("UnusedVariable")
  private boolean quiet;

  @Parameters(index = "0", paramLabel = "FILE|-", description = "- is the standard input.")
  private String source = "";

  @Parameters(index = "1", paramLabel = "IMAGE")
  private String name = "";

  @Override
  public Integer call() throws IOException {
    if (source.matches("https?://.*")) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "import of a URL is not supported: fetch it with another program, into `import - "
              + name
              + "`");
    }
    ImageReference reference = ImageReference.parse(name);
    List<ImageChange> instructions = changes.stream().map(ImageChange::parse).toList();
    Path work = Files.createTempDirectory("runcible-import");
    try {
      ImageLayout layout = ImageLayout.create(work.resolve("layout"));
      ImageAssembly.builder(platform.get())
          .layer(layer(tar(work)))
          .config(config -> change(config, instructions))
          .build()
          .writeTo(layout, reference);
      try (ContainerEngine engine = options.open(platform.get())) {
        // It is unpacked there, which tells what is no root file system.
        System.out.println(
            engine
                .images()
                .load(layout, reference, reference, ProgressListener.NONE)
                .descriptor()
                .digest());
      }
    } finally {
      remove(work);
    }
    return 0;
  }

  private void change(ImageConfig.Builder config, List<ImageChange> instructions) {
    config.created(Instant.now());
    if (message != null) {
      config.comment(message);
    }
    instructions.forEach(instruction -> instruction.applyTo(config));
  }

  private Path tar(Path work) throws IOException {
    if (!source.equals("-")) {
      return Path.of(source);
    }
    Path copy = work.resolve("input");
    LoadCommand.receive(System.in, copy);
    return copy;
  }

  private WrittenLayer layer(Path tar) throws IOException {
    try (InputStream plain = Files.newInputStream(tar)) {
      Compression compression = Compression.detect(plain.readNBytes(4));
      if (compression == Compression.ZSTD) {
        throw new RuncibleException(
            ErrorKind.UNSUPPORTED,
            "import of zstd is not supported: `zstd -dc FILE | runcible import - " + name + "`");
      }
      Digest digest = digest(Files.newInputStream(tar), false);
      boolean gzip = compression == Compression.GZIP;
      InputStream content = Files.newInputStream(tar);
      Digest diffId = digest(gzip ? new GZIPInputStream(content, BUFFER) : content, true);
      return new WrittenLayer(tar, compression, digest, Files.size(tar), diffId, List.of());
    } catch (NoSuchFileException e) {
      throw new RuncibleException(ErrorKind.NOT_FOUND, "there is no file '" + source + "'", e);
    } catch (ZipException e) {
      throw new RuncibleException(
          ErrorKind.CORRUPT_DATA, "'" + source + "' is damaged: " + e.getMessage(), e);
    }
  }

  /** Of all of it. */
  private Digest digest(InputStream content, boolean tar) throws IOException {
    Digest.Hasher hasher = Digest.sha256Hasher();
    try (content) {
      byte[] buffer = new byte[BUFFER];
      int count = content.readNBytes(buffer, 0, buffer.length);
      if (tar && !isTar(buffer, count)) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT,
            "'" + source + "' is no tar, neither plain nor compressed with gzip");
      }
      while (count > 0) {
        hasher.update(buffer, 0, count);
        count = content.readNBytes(buffer, 0, buffer.length);
      }
    }
    return hasher.finish();
  }

  private static boolean isTar(byte[] begin, int count) {
    byte[] magic = {'u', 's', 't', 'a', 'r'};
    return count >= MAGIC + magic.length
        && Arrays.equals(begin, MAGIC, MAGIC + magic.length, magic, 0, magic.length);
  }

  private static void remove(Path directory) throws IOException {
    List<Path> all = new ArrayList<>();
    try (Stream<Path> files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).forEach(all::add);
    }
    for (Path file : all) {
      Files.delete(file);
    }
  }
}
