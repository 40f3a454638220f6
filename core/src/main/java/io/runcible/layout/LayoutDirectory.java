package io.runcible.layout;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/** The files of a directory. */
record LayoutDirectory(Path root) implements LayoutContent {
  @Override
  public InputStream open(String name) throws IOException {
    return LayoutFiles.open(root.resolve(name));
  }

  @Override
  public long size(String name) throws IOException {
    Path file = root.resolve(name);
    BasicFileAttributes attributes = LayoutFiles.attributes(file);
    if (!attributes.isRegularFile()) {
      throw LayoutFiles.irregular(file);
    }
    return attributes.size();
  }

  @Override
  public String where(String name) {
    return root.resolve(name).toString();
  }
}
