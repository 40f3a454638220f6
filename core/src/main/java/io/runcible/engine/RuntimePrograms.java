package io.runcible.engine;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.LayerApplier;
import io.runcible.archive.LayerFormat;
import io.runcible.archive.Ownership;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileContent;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeAccess;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.Spawn;
import io.runcible.image.Image;
import io.runcible.snapshot.PlainUnpacker;
import io.runcible.state.LockFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The programs of a {@link RuntimeImage}, in a directory of their own that every process of this
 * data root shares, and that programs are looked for in, after the host's, while this is open.
 */
final class RuntimePrograms implements AutoCloseable {
  /** What the watchdog, the monitor and the clean-up run. */
  private static final List<String> TOOLS =
      List.of("sh", "grep", "find", "tr", "cat", "rm", "rmdir", "mv", "umount", "sleep", "date");

  private static final String MOUNTPOINT = "mountpoint";
  private static final List<String> TOOLS_OF_USERS = List.of("unshare", "nsenter", "mount");

  /**
   * Some builds of busybox lack it. Arguments: {@code -q}, the path. It names no interpreter, whose
   * path may be too long or have a space: only shells start it, and they take it for theirs.
   */
  private static final String MOUNTPOINT_SCRIPT =
      """
      path=$(cd -P -- "$2" 2>/dev/null && pwd -P && echo .) || exit 1
      path=${path%?.}
      while read -r _ _ _ _ point _; do
        point=$(printf '%b.' "$point")
        [ "${point%.}" != "$path" ] || exit 0
      done </proc/self/mountinfo
      exit 1
      """;

  private static final String DIRECTORY = "runtimes";
  private static final String UNFINISHED = ".new-";
  private static final Duration INSTALL_LIMIT = Duration.ofMinutes(30);
  private static final Duration LIST_LIMIT = Duration.ofSeconds(30);
  private static final int MODE = 0755;
  private static final ArchiveLimits LIMITS =
      ArchiveLimits.DEFAULT
          .withMaxEntries(200_000)
          .withMaxTotalBytes(4L << 30)
          .withMaxFileBytes(1L << 30);

  private final Path directory;
  private final LockFile inUse;

  private RuntimePrograms(Path directory, LockFile inUse) {
    this.directory = directory;
    this.inUse = inUse;
  }

  /** What an engine of this user runs besides the runtime. */
  static List<String> tools() {
    Stream<String> all = Stream.concat(TOOLS.stream(), Stream.of(MOUNTPOINT));
    return (NativeAccess.isRoot() ? all : Stream.concat(all, TOOLS_OF_USERS.stream())).toList();
  }

  /** Whether the host lacks anything that the image has. */
  static boolean needed(String runtime, RuntimeImage image) {
    return isMissing(runtime)
        || image.helper().isPresent() && tools().stream().anyMatch(RuntimePrograms::isMissing)
        || image.programs().stream().map(RuntimeImage::name).anyMatch(RuntimePrograms::isMissing);
  }

  static boolean isMissing(String program) {
    return Spawn.findProgram(program).isEmpty();
  }

  /**
   * Opens the programs, and takes them out of the image before, unless somebody has. Blocks, also
   * while another process does it.
   *
   * @param data the data root
   * @param fetch the image, verified; it is closed by the caller
   */
  static RuntimePrograms open(Path data, RuntimeImage image, Supplier<Image> fetch) {
    Path runtimes = data.resolve(DIRECTORY);
    makeDirectory(runtimes);
    Path directory = runtimes.resolve(key(image));
    Path lock = runtimes.resolve("." + key(image) + ".lock");
    while (true) {
      LockFile inUse = LockFile.acquire(lock, false, INSTALL_LIMIT);
      if (Files.isDirectory(directory)) {
        return open(directory, inUse);
      }
      inUse.close();
      // Not waited for: who installed them first holds the shared lock for as long as it likes.
      Optional<LockFile> alone = LockFile.tryAcquire(lock, true);
      try (LockFile installing = alone.orElse(null)) {
        if (installing != null && !Files.isDirectory(directory)) {
          install(image, fetch.get(), runtimes, directory);
        }
      }
    }
  }

  private static RuntimePrograms open(Path directory, LockFile inUse) {
    try {
      Spawn.searchAlso(directory);
      return new RuntimePrograms(directory, inUse);
    } catch (RuntimeException e) {
      inUse.close();
      throw e;
    }
  }

  /** Opens the programs if they were taken out of the image before. */
  static Optional<RuntimePrograms> find(Path data, RuntimeImage image) {
    return Files.isDirectory(data.resolve(DIRECTORY).resolve(key(image)))
        ? Optional.of(
            open(
                data,
                image,
                () -> {
                  throw new RuncibleException(
                      ErrorKind.NOT_FOUND, "the runtime image was removed meanwhile");
                }))
        : Optional.empty();
  }

  /** The digest, and what tells one choice of paths from another. */
  private static String key(RuntimeImage image) {
    String paths = String.join("\0", image.paths());
    String choice = Digest.sha256(paths.getBytes(StandardCharsets.UTF_8)).hex().substring(0, 16);
    return image.image().digest().orElseThrow().toString().replace(':', '-') + "-" + choice;
  }

  /** The runtime of the image. */
  Path program(RuntimeImage image) {
    return directory.resolve(RuntimeImage.name(image.runtime()));
  }

  private static void install(RuntimeImage image, Image fetched, Path runtimes, Path directory) {
    Path work = runtimes.resolve(UNFINISHED + directory.getFileName());
    discard(work);
    try {
      makeDirectory(work);
      Path files = work.resolve("image");
      new PlainUnpacker().ownership(Ownership.IGNORE).limits(LIMITS).unpack(fetched, files);
      Path programs = work.resolve("programs");
      makeDirectory(programs);
      for (String path : image.paths()) {
        copy(image, files, path, programs);
      }
      if (image.helper().isPresent()) {
        linkTools(image, programs.resolve(RuntimeImage.name(image.helper().get())));
      }
      try (FileDescriptor made = FileCalls.openDirectory(programs)) {
        FileContent.sync(made);
      }
      Files.move(programs, directory, StandardCopyOption.ATOMIC_MOVE);
      try (FileDescriptor parent = FileCalls.openDirectory(runtimes)) {
        FileContent.sync(parent);
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot install the programs of " + image.image(), e);
    } finally {
      discard(work);
    }
  }

  /** Every step of the path is resolved in the image's own files by the kernel. */
  private static void copy(RuntimeImage image, Path files, String path, Path programs) {
    String name = RuntimeImage.name(path);
    try (FileDescriptor root = FileCalls.openDirectory(files);
        FileDescriptor target = FileCalls.openDirectory(programs)) {
      if (FileCalls.stat(target, name).isPresent()) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, "two programs of a runtime image are called '" + name + "'");
      }
      try (FileDescriptor from = FileCalls.openFileInRoot(root, path);
          FileDescriptor to = FileCalls.createFile(target, name, MODE)) {
        FileContent.copy(from, to);
        FileCalls.chmod(to, MODE);
        FileContent.sync(to);
      }
    } catch (NativeException e) {
      throw new RuncibleException(
          e.kind(),
          "cannot take '" + path + "' out of " + image.image() + ": " + e.getMessage(),
          e);
    }
  }

  private static void linkTools(RuntimeImage image, Path helper) throws IOException {
    Set<String> applets = applets(image, helper);
    for (String tool : Stream.concat(tools().stream(), TOOLS_OF_USERS.stream()).toList()) {
      Path link = helper.resolveSibling(tool);
      if (applets.contains(tool) && !Files.exists(link)) {
        Files.createSymbolicLink(link, helper.getFileName());
      }
    }
    Path script = helper.resolveSibling(MOUNTPOINT);
    if (!Files.exists(script) && applets.contains("sh")) {
      Files.writeString(script, MOUNTPOINT_SCRIPT);
      Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    List<String> lacking =
        tools().stream()
            .filter(tool -> isMissing(tool) && !Files.exists(helper.resolveSibling(tool)))
            .toList();
    if (!lacking.isEmpty()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "neither this host nor the helper '"
              + image.helper().orElseThrow()
              + "' of "
              + image.image()
              + " has "
              + String.join(", ", lacking));
    }
  }

  private static Set<String> applets(RuntimeImage image, Path helper) {
    try {
      return BusyboxApplets.of(helper, LIST_LIMIT);
    } catch (IOException | NativeException e) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "the helper '"
              + image.helper().orElseThrow()
              + "' of "
              + image.image()
              + " is no busybox that runs here: "
              + e.getMessage(),
          e);
    }
  }

  /**
   * Removes what no engine uses.
   *
   * @param containers of the data root; a detached one may need its runtime again
   */
  static void prune(Path data, List<ContainerRecord> containers) {
    if (containers.stream().anyMatch(ContainerRecord::detached)) {
      return;
    }
    for (Path directory : list(data.resolve(DIRECTORY))) {
      String name = directory.getFileName().toString();
      String key = name.startsWith(UNFINISHED) ? name.substring(UNFINISHED.length()) : name;
      LockFile.tryAcquire(directory.resolveSibling("." + key + ".lock"), true)
          .ifPresent(
              alone -> {
                try (alone) {
                  discard(directory);
                  alone.closeAndRemove();
                }
              });
    }
  }

  /** Those in use and those being made. */
  private static List<Path> list(Path runtimes) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(runtimes, Files::isDirectory)) {
      all.forEach(found::add);
      return found;
    } catch (NoSuchFileException e) {
      return found;
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot list '" + runtimes + "'", e);
    }
  }

  private static void discard(Path work) {
    if (!Files.isDirectory(work)) {
      return;
    }
    // It removes also what its modes keep an ordinary user from looking into.
    try (LayerApplier applier =
        LayerApplier.open(work, LayerFormat.PLAIN, Ownership.IGNORE, LIMITS)) {
      applier.discard();
      Files.delete(work);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot remove '" + work + "'", e);
    }
  }

  private static void makeDirectory(Path directory) {
    try {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot make the directory '" + directory + "'", e);
    }
  }

  @Override
  public void close() {
    Spawn.searchNoMore(directory);
    inUse.close();
  }
}
