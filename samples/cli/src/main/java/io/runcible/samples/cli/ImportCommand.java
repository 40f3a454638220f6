package io.runcible.samples.cli;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.ProgressListener;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.Compression;
import io.runcible.archive.TarReader;
import io.runcible.archive.WrittenLayer;
import io.runcible.engine.ContainerEngine;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
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
    try (LayerInput input = LayerInput.open(source)) {
      ImageAssembly image =
          ImageAssembly.builder(platform.get())
              .layer(layer(input))
              .config(config -> change(config, instructions))
              .build();
      try (ContainerEngine engine = options.open(platform.get())) {
        System.out.println(
            engine
                .images()
                .load(input.of(image), reference, reference, ProgressListener.NONE)
                .descriptor()
                .digest());
      }
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

  private WrittenLayer layer(LayerInput input) throws IOException {
    Compression compression = Compression.detect(input.stream().readNBytes(4));
    if (compression == Compression.ZSTD) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "import of zstd is not supported: `zstd -dc FILE | runcible import - " + name + "`");
    }
    try {
      Hashing whole = new Hashing(input.stream());
      long size = whole.transferTo(OutputStream.nullOutputStream());
      boolean gzip = compression == Compression.GZIP;
      InputStream content = input.stream();
      Hashing tar = new Hashing(gzip ? new GZIPInputStream(content, BUFFER) : content);
      requireTar(tar, size);
      return new WrittenLayer(
          Path.of(source), compression, whole.digest(), size, tar.digest(), List.of());
    } catch (ZipException | EOFException e) {
      throw new RuncibleException(
          ErrorKind.CORRUPT_DATA, "'" + source + "' is damaged: " + e.getMessage(), e);
    }
  }

  /** Reads all of it as what unpacks it will. */
  private void requireTar(InputStream content, long size) throws IOException {
    if (size == 0) {
      throw new RuncibleException(ErrorKind.INVALID_INPUT, "'" + source + "' is empty, and no tar");
    }
    try {
      TarReader tar = new TarReader(content, ArchiveLimits.DEFAULT);
      while (tar.next() != null) {
        // Its content is passed over.
      }
    } catch (RuncibleException e) {
      throw new RuncibleException(
          e.kind(),
          "'" + source + "' is no tar, plain or with gzip, that can be read: " + e.getMessage(),
          e);
    }
  }

  /** Tells the digest of what is read. */
  private static final class Hashing extends InputStream {
    private final InputStream in;
    private final Digest.Hasher hasher = Digest.sha256Hasher();

    Hashing(InputStream in) {
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int count = in.read(bytes, offset, length);
      if (count > 0) {
        hasher.update(bytes, offset, count);
      }
      return count;
    }

    Digest digest() {
      return hasher.finish();
    }
  }
}
