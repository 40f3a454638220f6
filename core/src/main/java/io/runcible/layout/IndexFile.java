package io.runcible.layout;

import io.runcible.image.ImageIndex;
import java.io.IOException;
import java.nio.file.Path;

/** The file {@code index.json} of a layout directory, which is changed under the layout's lock. */
final class IndexFile {
  private final Path root;
  private final LayoutReader reader;

  IndexFile(Path root, LayoutReader reader) {
    this.root = root;
    this.reader = reader;
  }

  /** What is done to the index. */
  @FunctionalInterface
  interface Change {
    void apply(LayoutIndex index) throws IOException;
  }

  /** The index as it is now. */
  ImageIndex read() {
    return reader.index();
  }

  /** Changes the index. */
  Path change(Change change) throws IOException {
    Path file = root.resolve(LayoutReader.INDEX_FILE);
    LayoutIndex index = new LayoutIndex(read().raw());
    change.apply(index);
    byte[] changed = index.toBytes();
    reader.parseIndex(changed);
    PartialFile.replace(root, file, changed);
    return file;
  }
}
