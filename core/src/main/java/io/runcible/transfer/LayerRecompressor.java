package io.runcible.transfer;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.CompressingOutputStream;
import io.runcible.archive.Compression;
import io.runcible.archive.Decompression;
import io.runcible.archive.Hashers;
import io.runcible.archive.ProgressInputStream;
import io.runcible.archive.VerifiedInputStream;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Compresses one layer again, through a file that has no name. */
final class LayerRecompressor {
  private static final int BUFFER = 256 * 1024;

  private final CopySettings settings;
  private final Compression format;
  private final ImageReference from;
  private final BlobTransfer transfer;

  LayerRecompressor(CopySettings settings, ImageReference from, BlobTransfer transfer) {
    this.settings = settings;
    this.format = settings.format().orElseThrow();
    this.from = from;
    this.transfer = transfer;
  }

  /**
   * Sends the layer as it is then.
   *
   * @param diffId what the layer must be uncompressed
   */
  Descriptor run(Descriptor layer, Digest diffId) throws Exception {
    Optional<Descriptor> known = settings.flights().recompressed(layer.digest(), diffId);
    if (known.isPresent() && transfer.skipIfPresent(known.get())) {
      return known.get();
    }
    Path path =
        Files.createTempFile(Path.of(System.getProperty("java.io.tmpdir")), "runcible-", ".layer");
    try (FileChannel file = open(path)) {
      Descriptor made = write(layer, diffId, Channels.newOutputStream(file));
      transfer.bring(made, false, position -> unclosed(file.position(position)));
      settings.flights().recompressed(layer.digest(), diffId, made);
      return made;
    }
  }

  private static FileChannel open(Path path) throws IOException {
    try {
      return FileChannel.open(
          path,
          StandardOpenOption.READ,
          StandardOpenOption.WRITE,
          StandardOpenOption.DELETE_ON_CLOSE);
    } catch (IOException e) {
      Files.deleteIfExists(path);
      throw e;
    }
  }

  /** The file goes when it is closed, and may be read again. */
  private static InputStream unclosed(FileChannel file) {
    return new FilterInputStream(Channels.newInputStream(file)) {
      @Override
      public void close() {}
    };
  }

  private Descriptor write(Descriptor layer, Digest diffId, OutputStream file) throws IOException {
    Digest.Hasher stored = Hashers.sha256();
    Counter counter = new Counter(file, stored);
    Digest.Hasher plain = Hashers.of(diffId);
    ExecutorService threads =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors(), Tasks::thread);
    try (InputStream content =
            Decompression.open(
                new ProgressInputStream(
                    new VerifiedInputStream(
                        settings.source().blob(from, layer), layer.digest(), layer.size()),
                    layer.digest(),
                    layer.size(),
                    settings.listener()));
        OutputStream out =
            CompressingOutputStream.open(counter, format, settings.level(), threads)) {
      byte[] buffer = new byte[BUFFER];
      for (int count = content.read(buffer); count >= 0; count = content.read(buffer)) {
        plain.update(buffer, 0, count);
        out.write(buffer, 0, count);
      }
    } finally {
      threads.shutdownNow();
    }
    Digest actual = plain.finish();
    if (!actual.equals(diffId)) {
      throw new RuncibleException(
          ErrorKind.CORRUPT_DATA,
          "layer " + layer.digest() + " is " + actual + " uncompressed, and should be " + diffId);
    }
    String mediaType = LayerTypes.with(layer.mediaType(), format);
    return Descriptor.of(mediaType, stored.finish(), counter.count);
  }

  /** Hashes and counts; the file stays open. */
  private static final class Counter extends OutputStream {
    private final OutputStream file;
    private final Digest.Hasher hasher;
    private long count;

    Counter(OutputStream file, Digest.Hasher hasher) {
      this.file = file;
      this.hasher = hasher;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      file.write(bytes, offset, length);
      hasher.update(bytes, offset, length);
      count += length;
    }
  }
}
