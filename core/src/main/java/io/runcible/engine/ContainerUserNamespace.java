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
import java.nio.file.Path;
import java.util.Optional;

/**
 * The user namespace of a container that is being made. It is made before the start, since the
 * files of the image and a network namespace belong to it; the runtime joins it. What keeps it is
 * mounted where {@link ContainerMounts#unmount} and the watchdog look.
 */
final class ContainerUserNamespace {
  private static final String MOUNT = "fs";

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
    if (spec.userNamespace().kind() == UserNamespace.Kind.KEPT) {
      checkKept(parts, spec);
    } else if (parts.host().rootless()) {
      throw unsupported(
          "the user namespace '"
              + spec.userNamespace()
              + "' needs root: an ordinary user's containers have its subordinate ids; keep-id"
              + " gives it one inside");
    }
    Network.Kind network = spec.network().kind();
    boolean ofUser = network == Network.Kind.USER && !parts.host().rootless();
    if (network == Network.Kind.CONTAINER || ofUser) {
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

  private static void checkKept(EngineParts parts, ContainerSpec spec) {
    String what = "the user namespace '" + spec.userNamespace() + "' ";
    if (!parts.host().rootless()) {
      throw unsupported(
          what + "keeps the id of an ordinary user, and this process is root; choose mapped ids");
    }
    if (!parts.host().hasIdRange()) {
      throw unsupported(
          what
              + "needs subordinate ids for root of the container: see /etc/subuid and /etc/subgid,"
              + " and install newuidmap (Debian: uidmap)");
    }
    for (Mount mount : spec.mounts()) {
      switch (mount.kind()) {
        case VOLUME, IMAGE, OVERLAY ->
            throw unsupported(
                what
                    + "cannot have '"
                    + mount.destination()
                    + "': the kernel shows files of the store with other owners to root alone;"
                    + " choose a bind mount");
        default -> {}
      }
    }
  }

  private static RuncibleException unsupported(String message) {
    return new RuncibleException(ErrorKind.UNSUPPORTED, message);
  }

  /**
   * Makes it, with a network namespace of its own where the container joins one; if there is any.
   */
  void make(Network.Kind network) {
    if (ids.ofHost() || ids.nested()) {
      return;
    }
    Path pin = pin();
    makeDirectory(directory.mounts());
    makeDirectory(directory.mounts().resolve("user"));
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
    return ids.ofHost() || ids.nested()
        ? Optional.empty()
        : Optional.of(new LayerOwners(ids.uids(), ids.gids(), pin(), directory.mounts()));
  }

  Changes owned(Changes changes) {
    return owners().map(changes::withOwners).orElse(changes);
  }

  /** Gives the root file system to the container's users, where it does not show as theirs. */
  void giveRoot() {
    if (ids.nested()) {
      FileWork.own(parts.host(), directory.rootfs(), ids);
    }
  }

  /** Gives files of the container's directory to its root; no error if one is missing. */
  void give(String... names) {
    if (ids.ofHost() || ids.nested()) {
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
        .root(RootPlace.make(parts.host(), directory, record));
    if (!ids.nested()) {
      builder.namespace(RuntimeSpec.Namespace.join(NamespaceType.USER, pin()));
    }
  }

  private static void makeDirectory(Path path) {
    try {
      Files.createDirectory(path);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + path + "'", e);
    }
  }
}
