package io.runcible.engine;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.FileChange;
import io.runcible.archive.Ownership;
import io.runcible.archive.TreeArchive;
import io.runcible.archive.TreeExtraction;
import io.runcible.archive.WrittenLayer;
import io.runcible.engine.FileWork.Task;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Pipe;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The files of a container, whether it runs or not. Of a running one what it has mounted is seen,
 * too, such as volumes; otherwise its root file system alone.
 *
 * <p>Paths are absolute ones of the container. The kernel resolves them inside its root, so no
 * symbolic link leads out, also not one that is made meanwhile. A program that changes the same
 * files at the same time can make a copy fail with FAILED_PRECONDITION; pause it before.
 *
 * <p>An ordinary user's engine starts a second JVM for each call, which takes about half a second.
 */
public final class ContainerFiles {
  private final EngineParts parts;
  private final ContainerDirectory directory;
  private final ContainerRecord record;
  private final Container container;

  ContainerFiles(
      EngineParts parts,
      ContainerDirectory directory,
      ContainerRecord record,
      Container container) {
    this.parts = parts;
    this.directory = directory;
    this.record = record;
    this.container = container;
  }

  /**
   * Copies a file or directory of the host into the container, where all of it belongs to root. If
   * there is a directory at the destination, it goes into that; otherwise it gets that name, and
   * its parent must exist. Of a source that ends with {@code /.} the content is copied. Directories
   * are merged, files replaced, and no directory is replaced by a file or the other way round. A
   * symbolic link at the end of the source is copied itself.
   *
   * @throws RuncibleException NOT_FOUND if there is no such source or no directory to copy to,
   *     FAILED_PRECONDITION if something is in the way, PERMISSION_DENIED if the container's root
   *     is read-only, UNAVAILABLE
   */
  public void copyTo(Path source, String destination) {
    copyTo(source, destination, Ownership.IGNORE);
  }

  /**
   * The same, but files keep the numbers of their owners: who is user 1000 on the host is user 1000
   * in the container.
   *
   * @throws RuncibleException as {@link #copyTo(Path, String)}, and INVALID_INPUT if the container
   *     has no such user or group; then what was copied before that stays
   */
  public void copyWithOwners(Path source, String destination) {
    copyTo(source, destination, Ownership.EXACT);
  }

  private void copyTo(Path source, String destination, Ownership ownership) {
    Path absolute = source.toAbsolutePath();
    Path normal = absolute.normalize();
    @Nullable Path parent = normal.getParent();
    boolean content = parent == null || absolute.endsWith(".");
    TreeArchive archive =
        TreeArchive.of(
                parent == null ? normal : parent,
                parent == null ? "/." : "/" + normal.getFileName() + (content ? "/." : ""))
            .ownership(ownership);
    if (!Files.exists(normal, LinkOption.NOFOLLOW_LINKS)) {
      throw new RuncibleException(ErrorKind.NOT_FOUND, "there is no '" + source + "' to copy");
    }
    requireAbsolute(destination);
    pipe(archive::writeTo, tar -> write(Task.COPY, destination, tar));
  }

  /**
   * Unpacks a tar into a directory of the container, with the owners that it says.
   *
   * @param tar not compressed; read to its end and not closed
   * @param destination an existing directory
   * @throws RuncibleException as {@link #copyTo(Path, String)}, and CORRUPT_DATA or INVALID_INPUT
   *     for an archive that is damaged or over the limits of {@link
   *     io.runcible.archive.ArchiveLimits#DEFAULT}
   */
  public void copyTo(InputStream tar, String destination) {
    requireAbsolute(destination);
    write(Task.UNPACK, destination, tar);
  }

  private void write(Task task, String destination, InputStream tar) {
    try (FileDescriptor root = root()) {
      if (!container.isRunning() && BundleConfig.read(directory).readOnlyRoot()) {
        throw new RuncibleException(
            ErrorKind.PERMISSION_DENIED,
            "the root file system of container " + record.id() + " is read-only");
      }
      FileWork.run(
          parts.host(),
          request(task, destination, false),
          root,
          tar,
          OutputStream.nullOutputStream());
    }
  }

  /**
   * Copies a file or directory of the container to the host, by the same rules. All of it belongs
   * to this process, and what would be dangerous on a host is left out: set-id bits, devices and
   * extended attributes. What is mounted below a directory is left out, too.
   *
   * @throws RuncibleException NOT_FOUND if there is no such path or no directory to copy to,
   *     FAILED_PRECONDITION if something is in the way or the source changed meanwhile,
   *     PERMISSION_DENIED, UNAVAILABLE
   */
  public void copyFrom(String path, Path destination) {
    copyFrom(path, destination, Ownership.IGNORE);
  }

  /**
   * The same, but files keep the numbers of their owners, where this process may give files away:
   * who is user 1000 in the container is user 1000 on the host, and who has no number there is
   * nobody (65534). To an ordinary user all of it belongs.
   *
   * @throws RuncibleException as {@link #copyFrom(String, Path)}
   */
  public void copyWithOwners(String path, Path destination) {
    copyFrom(path, destination, parts.host().rootless() ? Ownership.IGNORE : Ownership.EXACT);
  }

  private void copyFrom(String path, Path destination, Ownership ownership) {
    requireAbsolute(path);
    Path absolute = destination.toAbsolutePath();
    Path normal = absolute.normalize();
    @Nullable Path parent = normal.getParent();
    boolean inside = parent == null || Files.isDirectory(normal);
    Path root = parent == null || inside ? normal : parent;
    if (!Files.isDirectory(root)) {
      throw new RuncibleException(ErrorKind.NOT_FOUND, "there is no directory '" + root + "'");
    }
    String name = inside ? "/" : "/" + normal.getFileName();
    pipe(
        tar -> read(path, true, tar),
        tar -> TreeExtraction.into(root, name).ownership(ownership).copy(tar));
  }

  /**
   * Writes a file or directory of the container as a tar, exactly as it is, named by the end of its
   * path.
   *
   * @param tar not closed
   * @throws RuncibleException NOT_FOUND if there is no such path, FAILED_PRECONDITION if it changed
   *     meanwhile, UNAVAILABLE if the stream fails
   */
  public void copyFrom(String path, OutputStream tar) {
    requireAbsolute(path);
    read(path, false, tar);
  }

  private void read(String path, boolean harmless, OutputStream tar) {
    try (FileDescriptor root = root()) {
      FileWork.run(
          parts.host(),
          request(Task.ARCHIVE, path, harmless),
          root,
          InputStream.nullInputStream(),
          tar);
    }
    requireStill();
  }

  /**
   * What was read of one whose removal has begun by then may be a part. That has left a mark before
   * it takes anything away, in a directory that then loses its name: so the mark is asked for
   * first.
   */
  private void requireStill() {
    if (record.detached()
        && (!Files.notExists(directory.removalFile())
            || Files.notExists(directory.record())
            || ContainerRemover.isOfAnother(directory, record))) {
      throw AutoRemoval.gone(record);
    }
  }

  /**
   * Writes the root file system as a tar, without what is mounted in it.
   *
   * @param tar not closed
   * @throws RuncibleException FAILED_PRECONDITION if it changed meanwhile, NOT_FOUND if it was
   *     removed meanwhile, UNAVAILABLE if the stream fails
   */
  public void export(OutputStream tar) {
    container.requireOpen();
    try (FileDescriptor root = FileCalls.openDirectory(parts.host().visible(directory.rootfs()))) {
      FileWork.run(
          parts.host(),
          request(Task.ARCHIVE, "/", false),
          root,
          InputStream.nullInputStream(),
          tar);
    }
    requireStill();
  }

  /**
   * What differs from the image, without what is mounted in the container. Blocks. Where the files
   * of the image were copied, on a file system that no overlay lies on and with {@link
   * UserNamespace#keepId()}, it takes as long as another copy and reading both.
   *
   * @return sorted by path
   * @throws RuncibleException FAILED_PRECONDITION if files changed meanwhile, NOT_FOUND if it was
   *     removed meanwhile, UNAVAILABLE
   */
  public List<FileChange> diff() {
    container.requireOpen();
    try (ContainerChanges changes = ContainerChanges.open(parts, directory, record)) {
      List<FileChange> found = changes.list();
      requireStill();
      return found;
    }
  }

  /**
   * What its files take. Blocks for as long as it takes to look at each of them. An ordinary user
   * may not look into every directory of the container's users; what is in such a one is not
   * counted.
   *
   * @throws RuncibleException UNAVAILABLE if they cannot be read
   */
  public ContainerSize size() {
    container.requireOpen();
    long image = 0;
    for (String layer : record.chain()) {
      image += parts.snapshotter().usage(Digest.parse(layer)).bytes();
    }
    return new ContainerSize(parts.snapshotter().usage(directory.path()).bytes(), image);
  }

  /** A layer of the changes, if there are any, in a file that does not exist yet. */
  Optional<WrittenLayer> layer(Path file, Instant latest) {
    container.requireOpen();
    try (ContainerChanges changes = ContainerChanges.open(parts, directory, record)) {
      Optional<WrittenLayer> layer = changes.layer(file, latest);
      requireStill();
      return layer;
    }
  }

  /**
   * A layer of what is in a volume of the container, as a directory of the image.
   *
   * @param data the files of the volume
   */
  WrittenLayer volumeLayer(Path data, String place, Path file, Instant latest) {
    WrittenLayer layer =
        ContainerChanges.written(
            parts,
            new FileWork.Request(
                Task.TREE_LAYER,
                data.toString(),
                place,
                !parts.host().hasIdRange(),
                parts.host().rootless(),
                false,
                List.of(),
                List.of(),
                "",
                file.toString(),
                latest.getEpochSecond(),
                // A volume is shown with other owners.
                IdMaps.HOST),
            file);
    requireStill();
    return layer;
  }

  private FileWork.Request request(Task task, String path, boolean harmless) {
    return new FileWork.Request(
        task,
        directory.rootfs().toString(),
        path,
        !parts.host().hasIdRange(),
        parts.host().rootless(),
        harmless,
        List.of(),
        List.of(),
        "",
        "",
        0,
        record.ids());
  }

  /** As the processes in the container see it, or without them the root file system alone. */
  private FileDescriptor root() {
    container.requireOpen();
    return container
        .openRoot()
        .orElseGet(() -> FileCalls.openDirectory(parts.host().visible(directory.rootfs())));
  }

  private static void requireAbsolute(String path) {
    if (!path.startsWith("/")) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "'" + path + "' is not an absolute path of the container");
    }
  }

  /** Lets one side write a tar, on a thread of its own, and the other read it. */
  private void pipe(Consumer<OutputStream> writer, Consumer<InputStream> reader) {
    Pipe pipe = Pipe.open();
    FutureTask<Boolean> writing =
        new FutureTask<>(
            () -> {
              try (OutputStream out = pipe.outputStream()) {
                writer.accept(out);
              }
              return true;
            });
    parts.threads().newThread(writing).start();
    RuntimeException failure = null;
    try (InputStream in = pipe.inputStream()) {
      reader.accept(in);
    } catch (IOException e) {
      failure = new RuncibleException(ErrorKind.INTERNAL, "cannot close a pipe", e);
    } catch (RuntimeException e) {
      failure = e;
    }
    RuntimeException origin = end(writing);
    // What the writer did not finish is a damaged archive to the reader.
    boolean damaged =
        failure == null
            || failure instanceof RuncibleException e && e.kind() == ErrorKind.CORRUPT_DATA;
    RuntimeException first = origin != null && damaged ? origin : failure;
    if (first != null) {
      throw first;
    }
  }

  private static @Nullable RuntimeException end(FutureTask<Boolean> task) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          task.get();
          return null;
        } catch (InterruptedException e) {
          // The pipe is closed, so it ends.
          interrupted = true;
        }
      }
    } catch (ExecutionException | CancellationException e) {
      return e.getCause() instanceof RuntimeException ours
          ? ours
          : new RuncibleException(ErrorKind.UNAVAILABLE, "the copy failed: " + e.getMessage(), e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
