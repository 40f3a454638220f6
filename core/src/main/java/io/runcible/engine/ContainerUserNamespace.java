package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.network.Network;
import io.runcible.runtime.RuntimeSpec;
import io.runcible.runtime.RuntimeSpec.NamespaceType;
import io.runcible.snapshot.Changes;
import io.runcible.snapshot.LayerOwners;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/**
 * The user namespace of a container that is being made. It is made before the start, since the
 * files of the image and a network namespace belong to it; the runtime joins it. What keeps it is
 * mounted where {@link ContainerMounts#unmount} and the watchdog look.
 */
final class ContainerUserNamespace {
  /** Of all engines. Each place in it can be passed by root of its container alone. */
  private static final Path ROOTS = Path.of("/run/runcible-roots");

  private static final int PASSED = 0710;
  private static final String MOUNT = "fs";
  private static final String ROOT = "root";

  private final EngineParts parts;
  private final ContainerDirectory directory;
  private final ContainerRecord record;
  private final IdMaps ids;

  ContainerUserNamespace(EngineParts parts, ContainerDirectory directory, ContainerRecord record) {
    this.parts = parts;
    this.directory = directory;
    this.record = record;
    this.ids = record.ids();
  }

  /** Before anything is made: what this engine cannot do. */
  static void check(EngineParts parts, ContainerSpec spec) {
    if (spec.userNamespace().kind() == UserNamespace.Kind.HOST) {
      return;
    }
    if (parts.host().rootless()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "the user namespace '"
              + spec.userNamespace()
              + "' needs root: the containers of an ordinary user are in that of its subordinate"
              + " ids, and the kernel lets it give the files of an image to no others without a"
              + " copy");
    }
    Network.Kind network = spec.network().kind();
    if (network == Network.Kind.CONTAINER || network == Network.Kind.USER) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "a container with a user namespace of its own cannot be on the network '"
              + spec.network()
              + "', which belongs to another one: the kernel lets nobody join it from there");
    }
    for (Device device : spec.devices()) {
      // Runtimes cannot make a device there, and mount the one of the host that has the same path.
      if (!device.source().equals(Path.of(device.path()))) {
        throw new RuncibleException(
            ErrorKind.UNSUPPORTED,
            "in a user namespace the device '"
                + device.source()
                + "' cannot have another path than on the host: '"
                + device.path()
                + "'");
      }
    }
  }

  /**
   * Makes it, with a network namespace of its own where the container joins one; if there is any.
   */
  void make(Network.Kind network) {
    if (ids.ofHost()) {
      return;
    }
    Path pin = pin();
    makeDirectories(directory.mounts().resolve("user"));
    boolean made = network == Network.Kind.BRIDGE || network == Network.Kind.CNI;
    parts
        .host()
        .createUserNamespace(
            ids.lines(), pin, made ? Optional.of(directory.networkNamespace()) : Optional.empty());
  }

  private Path pin() {
    return directory.mounts().resolve("user").resolve(MOUNT);
  }

  /** Whose the files of images are; empty for their own. */
  Optional<LayerOwners> owners() {
    return ids.ofHost()
        ? Optional.empty()
        : Optional.of(new LayerOwners(ids.uids(), ids.gids(), pin(), directory.mounts()));
  }

  Changes owned(Changes changes) {
    return owners().map(changes::withOwners).orElse(changes);
  }

  /** Gives files of the container's directory to its root; no error if one is missing. */
  void give(String... names) {
    if (ids.ofHost()) {
      return;
    }
    try (FileDescriptor parent = FileCalls.openDirectory(directory.path())) {
      for (String name : names) {
        if (FileCalls.stat(parent, name).isPresent()) {
          ids.give(parent, name);
        }
      }
    }
  }

  /** Shows a volume with the container's owners: those on disk are those inside. */
  Path shown(Path files, Path target) {
    if (ids.ofHost()) {
      return files;
    }
    parts.host().mountIdMapped(files, pin(), target);
    return target;
  }

  /**
   * Says in the configuration which namespace it is, and where its root finds the root file system.
   */
  void configure(RuntimeSpec.Builder builder) {
    if (ids.ofHost()) {
      return;
    }
    builder
        .userNamespace(ids.uidMappings(), ids.gidMappings())
        .namespace(RuntimeSpec.Namespace.join(NamespaceType.USER, pin()))
        .root(reachableRoot());
  }

  /**
   * Runtimes take their first steps in the root file system as root of the container, who may not
   * pass the engine's directories.
   */
  private Path reachableRoot() {
    Path place = ROOTS.resolve(record.token());
    try {
      Files.createDirectories(directory.mounts());
      Files.createSymbolicLink(directory.mounts().resolve(ROOT), place);
      if (!Files.isDirectory(ROOTS, LinkOption.NOFOLLOW_LINKS)) {
        Files.createDirectories(ROOTS);
      }
      Files.setPosixFilePermissions(ROOTS, PosixFilePermissions.fromString("rwx--x--x"));
      Files.createDirectory(
          place,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      Path target = Files.createDirectory(place.resolve(MOUNT));
      parts.host().mountAgain(directory.rootfs(), target);
      try (FileDescriptor opened = FileCalls.openDirectory(place)) {
        // To pass, not to make files in it.
        FileCalls.chown(opened, 0, ids.rootGid());
        FileCalls.chmod(opened, PASSED);
      }
      return target;
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + place + "'", e);
    }
  }

  /** Removes the place of a root file system that is not mounted there any more. */
  static void removePlace(String token) {
    Path place = ROOTS.resolve(token);
    try {
      Files.deleteIfExists(place.resolve(MOUNT));
      Files.deleteIfExists(place);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot remove '" + place + "'", e);
    }
  }

  /** The same for a container whose record cannot be read. */
  static void removePlace(ContainerDirectory directory) {
    Path link = directory.mounts().resolve(ROOT);
    try {
      if (Files.isSymbolicLink(link)) {
        removePlace(Files.readSymbolicLink(link).getFileName().toString());
      }
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot read '" + link + "'", e);
    }
  }

  private static void makeDirectories(Path path) {
    try {
      Files.createDirectories(path);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + path + "'", e);
    }
  }
}
