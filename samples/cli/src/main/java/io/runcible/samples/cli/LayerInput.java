package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * The file of a layer, which is read several times, from its beginning each time. What can be read
 * once alone, such as a pipe, is copied to a file without a name: nothing is left of it, however
 * this program ends.
 */
final class LayerInput implements AutoCloseable {
  private final FileChannel file;

  private LayerInput(FileChannel file) {
    this.file = file;
  }

  /**
   * Opens it.
   *
   * @param source a path, or a hyphen for the standard input
   */
  static LayerInput open(String source) throws IOException {
    if (source.equals("-")) {
      return copied(System.in);
    }
    Path path = Path.of(source);
    if (Files.isDirectory(path)) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "'"
              + source
              + "' is a directory: `tar -c -C "
              + source
              + " . | runcible import - IMAGE`");
    }
    try {
      if (Files.isRegularFile(path)) {
        return new LayerInput(FileChannel.open(path));
      }
      try (InputStream once = Files.newInputStream(path)) {
        return copied(once);
      }
    } catch (NoSuchFileException e) {
      throw new RuncibleException(ErrorKind.NOT_FOUND, "there is no file '" + source + "'", e);
    }
  }

  private static LayerInput copied(InputStream once) throws IOException {
    return new LayerInput(UnnamedFile.copy(once).channel());
  }

  /** From the beginning; one at a time. */
  InputStream stream() throws IOException {
    file.position(0);
    return new FilterInputStream(Channels.newInputStream(file)) {
      @Override
      public void close() {}
    };
  }

  /** The image, of which this is the only layer. */
  ImageSource of(ImageAssembly image) {
    return new ImageSource() {
      @Override
      public Descriptor resolve(ImageReference reference) {
        return image.manifest().descriptor();
      }

      @Override
      public byte[] manifest(ImageReference reference, Descriptor descriptor) {
        return image.manifest().raw();
      }

      @Override
      public InputStream blob(ImageReference reference, Descriptor descriptor) {
        try {
          return descriptor.digest().equals(image.config().digest())
              ? new ByteArrayInputStream(image.config().raw())
              : stream();
        } catch (IOException e) {
          throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot read the layer again", e);
        }
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
