package io.runcible.layout;

import io.runcible.RuncibleException;
import io.runcible.image.ImageIndex;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.io.IOException;
import java.nio.file.Path;

/** The file {@code index.json} of a layout. */
final class IndexFile {
  static final String NAME = "index.json";

  private final Path root;
  private final Path file;

  IndexFile(Path root) {
    this.root = root;
    this.file = root.resolve(NAME);
  }

  /** What is done to the index. */
  @FunctionalInterface
  interface Change {
    void apply(LayoutIndex index) throws IOException;
  }

  /** The index as it is now. */
  ImageIndex read() {
    try {
      return parse(LayoutFiles.read(file, Manifest.MAX_SIZE));
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot read the index of the image layout " + root, e);
    }
  }

  private ImageIndex parse(byte[] raw) {
    try {
      return ImageIndex.parse(raw, MediaType.OCI_INDEX);
    } catch (RuncibleException e) {
      throw new RuncibleException(e.kind(), file + " cannot be used: " + e.getMessage(), e);
    }
  }

  /** Changes the index; to be called under the layout's lock. */
  Path change(Change change) throws IOException {
    byte[] raw = LayoutFiles.read(file, Manifest.MAX_SIZE);
    parse(raw);
    LayoutIndex index = new LayoutIndex(raw);
    change.apply(index);
    byte[] changed = index.toBytes();
    parse(changed);
    PartialFile.replace(root, file, changed);
    return file;
  }
}
