package io.runcible.layout;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Errno;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.TreeReads;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Regular files below a directory of a store, never outside it: the kernel takes the directory for
 * the root of every path. Names have a char for each byte.
 */
final class StorageFiles implements LayoutContent {
  private final Path root;
  private final String below;

  /**
   * Looks at a directory.
   *
   * @param root what may be reached through symbolic links
   * @param below the directory in it, to which no link leads; empty for itself
   */
  StorageFiles(Path root, String below) {
    this.root = root;
    this.below = below;
  }

  @Override
  public InputStream open(String name) throws IOException {
    try (TreeReads.OpenFile file = opened(name)) {
      return Files.newInputStream(Path.of(file.file().procPath()));
    } catch (NativeException e) {
      throw failure(name, e);
    }
  }

  private TreeReads.OpenFile opened(String name) {
    try (FileDescriptor storage = FileCalls.openDirectory(root);
        FileDescriptor directory = TreeReads.openDirectory(storage, below)) {
      TreeReads.OpenFile file = TreeReads.openFile(directory, name);
      if (file == null) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, where(name) + " is not a regular file");
      }
      return file;
    }
  }

  private IOException failure(String name, NativeException e) throws IOException {
    IOException failure =
        switch (e.errno()) {
          case Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP, Errno.ENAMETOOLONG ->
              new NoSuchFileException(where(name));
          case Errno.EACCES, Errno.EPERM -> new AccessDeniedException(where(name));
          default -> throw e;
        };
    failure.initCause(e);
    return failure;
  }

  @Override
  public long size(String name) throws IOException {
    try (TreeReads.OpenFile file = opened(name)) {
      return file.stat().size();
    } catch (NativeException e) {
      throw failure(name, e);
    }
  }

  boolean has(String name) throws IOException {
    try {
      return size(name) >= 0;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  @Override
  public String where(String name) {
    return TarMembers.shown(name) + " in " + root.resolve(below);
  }
}
