package io.runcible.ffi;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Root does it here. */
final class ThisProcess implements PrivilegedHost {
  @Override
  public boolean rootless() {
    return false;
  }

  @Override
  public boolean hasIdRange() {
    return true;
  }

  @Override
  public List<String> command(List<String> command) {
    return command;
  }

  @Override
  public Path visible(Path path) {
    return path;
  }

  @Override
  public void mountOverlay(OverlayMount mount, Path target) {
    Overlay.mount(mount, target);
  }

  @Override
  public void unmount(Path target) {
    Overlay.unmount(target);
  }

  @Override
  public boolean signal(PidFd process, int signal) {
    return process.signal(signal);
  }

  @Override
  public void removeTree(Path directory) {
    try {
      Files.walkFileTree(directory, new Deletion());
    } catch (NoSuchFileException e) {
      // Gone already, which is what was asked for.
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.INTERNAL, "cannot remove '" + directory + "'", e);
    }
  }

  @Override
  public void close() {}

  /** A name that vanishes meanwhile is as good as deleted. */
  private static final class Deletion extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      Files.deleteIfExists(file);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
        throws IOException {
      if (failure != null) {
        throw failure;
      }
      Files.deleteIfExists(directory);
      return FileVisitResult.CONTINUE;
    }
  }
}
