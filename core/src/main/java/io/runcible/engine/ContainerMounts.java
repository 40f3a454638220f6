package io.runcible.engine;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.IdMapping;
import io.runcible.ffi.OverlayMount;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Stat;
import io.runcible.runtime.RuntimeSpec;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Makes what a container has mounted besides its root file system, before it starts. */
final class ContainerMounts {
  private static final String MOUNT = "fs";

  private final EngineParts parts;
  private final ContainerDirectory directory;
  private final ContainerRecord record;
  private final ContainerSpec spec;
  private final Map<String, List<Digest>> images;
  private final ContainerUserNamespace own;
  private int anonymous;
  private int overlays;
  private int files;
  private @Nullable Path plainImage;

  /** A mount and its place in the container, without symbolic links. */
  private record Placed(Mount mount, String target) {
    long depth() {
      return target.chars().filter(c -> c == '/').count();
    }
  }

  /**
   * The mounts of a container.
   *
   * @param images the layers of the images that it mounts, by reference
   * @param own its user namespace
   */
  ContainerMounts(
      EngineParts parts,
      ContainerDirectory directory,
      ContainerRecord record,
      ContainerSpec spec,
      Map<String, List<Digest>> images,
      ContainerUserNamespace own) {
    this.parts = parts;
    this.directory = directory;
    this.record = record;
    this.spec = spec;
    this.images = images;
    this.own = own;
  }

  /** Unmounts what {@link #make} has mounted on the host, whatever of it there is. */
  static void unmount(PrivilegedHost host, ContainerDirectory directory) {
    try (DirectoryStream<Path> places = Files.newDirectoryStream(directory.mounts())) {
      for (Path place : places) {
        host.unmount(place.resolve(MOUNT));
      }
    } catch (NoSuchFileException e) {
      // It has none.
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot list the mounts of container " + directory.id(), e);
    }
  }

  /**
   * Makes them all.
   *
   * @param rootfs the root file system as this process sees it
   * @param volumes the paths that the image wants volumes at, which is hostile
   */
  void make(Path rootfs, Set<String> volumes, RuntimeSpec.Builder builder) {
    parts.volumes().require(record);
    List<Path> ofImage = RootDirectories.make(rootfs, directory.rootfs(), volumes, record.ids());
    try (MountTargets targets = new MountTargets(rootfs, record.ids())) {
      List<Placed> placed = place(targets);
      Set<String> given = new HashSet<>();
      for (Placed one : placed) {
        given.add(one.target());
      }
      for (Path volume : ofImage) {
        String target = "/" + directory.rootfs().relativize(volume);
        if (given.add(target)) {
          placed.add(new Placed(Mount.volume(target), target));
        }
      }
      placed.sort(Comparator.comparingLong(Placed::depth));
      List<String> above = new ArrayList<>();
      for (Placed one : placed) {
        builder.mount(mount(one, below(one, above, targets)));
        above.add(one.target());
      }
    }
    if (propagation() != Mount.Propagation.PRIVATE) {
      builder.rootPropagation(propagation() == Mount.Propagation.SHARED ? "rshared" : "rslave");
    }
  }

  /** What a volume is filled from; nothing where another mount lies over it. */
  private static Optional<String> below(Placed one, List<String> above, MountTargets targets) {
    return one.mount().kind() != Mount.Kind.VOLUME
            || above.stream().anyMatch(path -> one.target().startsWith(path + "/"))
        ? Optional.empty()
        : targets.find(one.target());
  }

  private List<Placed> place(MountTargets targets) {
    List<Mount> wanted = new ArrayList<>(spec.mounts());
    wanted.sort(Comparator.comparingInt(one -> RootDirectories.names(one.destination()).size()));
    List<Placed> placed = new ArrayList<>();
    for (Mount mount : wanted) {
      String target = targets.take(mount.destination(), isDirectory(mount));
      if (mount.kind() == Mount.Kind.TMPFS) {
        targets.setMode(target, mount.mode());
      }
      placed.add(new Placed(mount, target));
    }
    return placed;
  }

  private static boolean isDirectory(Mount mount) {
    mount
        .source()
        .filter(source -> !Files.exists(source))
        .ifPresent(
            source -> {
              throw new RuncibleException(
                  ErrorKind.NOT_FOUND,
                  "cannot mount '"
                      + source
                      + "' on '"
                      + mount.destination()
                      + "': it does not exist");
            });
    return mount.kind() != Mount.Kind.FILE && mount.source().map(Files::isDirectory).orElse(true);
  }

  /** With the directory of the root file system that a volume is filled from. */
  private RuntimeSpec.Mount mount(Placed placed, Optional<String> below) {
    Mount mount = placed.mount();
    if (mount.kind() == Mount.Kind.TMPFS) {
      return memory(mount, placed.target());
    }
    Path source =
        switch (mount.kind()) {
          case VOLUME -> volume(mount, below);
          case IMAGE -> image(mount.name().orElseThrow());
          case OVERLAY -> overlay(mount.source().orElseThrow());
          case FILE -> file(mount);
          default -> mount.source().orElseThrow();
        };
    Path shown = shown(mount, source);
    RuntimeSpec.Mount bind = RuntimeSpec.Mount.bind(shown, placed.target(), mount.isReadOnly());
    return mount.propagation() == Mount.Propagation.PRIVATE ? bind : propagated(mount, bind);
  }

  private Path shown(Mount mount, Path source) {
    if (!mount.mappedUids().isEmpty()) {
      return idMapped(mount, source);
    }
    return mount.kind() == Mount.Kind.VOLUME && !record.ids().ofHost()
        ? own.shown(source, newTarget(source))
        : source;
  }

  private static RuntimeSpec.Mount memory(Mount mount, String target) {
    List<String> options = new ArrayList<>(List.of("nosuid", "nodev"));
    options.add("mode=" + Integer.toOctalString(mount.mode()));
    mount.size().ifPresent(bytes -> options.add("size=" + bytes));
    if (mount.isReadOnly()) {
      options.add("ro");
    }
    return new RuntimeSpec.Mount(target, "tmpfs", "tmpfs", options);
  }

  private Path volume(Mount mount, Optional<String> below) {
    String name = mount.name().orElseGet(() -> parts.volumes().makeAnonymous(record, anonymous++));
    Optional<Path> source =
        below.filter(path -> mount.isFilled()).flatMap(path -> filling("." + path));
    return parts.volumes().use(name, source);
  }

  /** What a volume is filled from, with the owners of the image. */
  private Optional<Path> filling(String path) {
    if (record.ids().ofHost()) {
      return Optional.of(directory.rootfs().resolve(path).normalize());
    }
    if (plainImage == null) {
      Path place = newPlace();
      List<Digest> chain = record.chain().stream().map(Digest::parse).toList();
      plainImage = mounted(place, parts.snapshotter().view(chain, place)::mount, "the image");
    }
    // What was made as a place for the volume is not in the image.
    return Optional.of(plainImage.resolve(path).normalize())
        .filter(found -> Files.isDirectory(found, LinkOption.NOFOLLOW_LINKS));
  }

  private Path image(String reference) {
    Path place = newPlace();
    return mounted(
        place,
        parts.snapshotter().view(images.getOrDefault(reference, List.of()), place, own.owners())
            ::mount,
        "the image " + reference);
  }

  private Path file(Mount mount) {
    Path file = directory.path().resolve("file-" + files++);
    try (FileDescriptor made = FileCalls.createForOutput(file)) {
      Files.write(file, mount.content());
      FileCalls.chmod(made, mount.mode());
      record.ids().give(List.of(made));
      return file;
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot write '" + file + "'", e);
    }
  }

  private Path overlay(Path source) {
    if (!Files.isDirectory(source)) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "cannot mount a layer on top of '" + source + "': it is no directory");
    }
    Path place = newPlace();
    Path upper = newDirectory(place.resolve("upper"));
    Path work = newDirectory(place.resolve("work"));
    Path lower = record.ids().ofHost() ? source : own.shown(source, newTarget(source));
    copyOwner(lower, upper);
    OverlayMount mount = new OverlayMount(List.of(lower), upper, work, true);
    return mounted(
        place, target -> parts.host().mountOverlay(mount, target), "a layer on '" + source + "'");
  }

  private Path idMapped(Mount mount, Path source) {
    if (mount.propagation() != Mount.Propagation.PRIVATE) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "mounts do not propagate to and from '"
              + mount.destination()
              + "': it is a mount of its own, with other owners");
    }
    IdMapping mapping = record.ids().ofMount(mount.mappedUids(), mount.mappedGids());
    Path target = newTarget(source);
    parts.host().mountIdMapped(source, mapping, target);
    return target;
  }

  /** Of the kind of what is to be mounted there. */
  private Path newTarget(Path source) {
    Path target = newPlace().resolve(MOUNT);
    try {
      if (Files.isDirectory(source)) {
        Files.createDirectory(target);
      } else {
        Files.createFile(target);
      }
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + target + "'", e);
    }
    return target;
  }

  /** The directory shows the owner and the mode of the uppermost one. */
  private void copyOwner(Path source, Path upper) {
    try (FileDescriptor from = FileCalls.openDirectory(source);
        FileDescriptor to = FileCalls.openDirectory(upper)) {
      Stat stat = FileCalls.stat(from);
      if (!parts.host().rootless()) { // Others can give it to nobody else.
        FileCalls.chown(to, stat.uid(), stat.gid());
      }
      FileCalls.chmod(to, stat.permissions());
    }
  }

  private static Path mounted(Path place, Consumer<Path> what, String name) {
    Path target = newDirectory(place.resolve(MOUNT));
    try {
      what.accept(target);
      return target;
    } catch (RuncibleException e) {
      ErrorKind kind = e.kind() == ErrorKind.INTERNAL ? ErrorKind.UNSUPPORTED : e.kind();
      throw new RuncibleException(kind, "cannot mount " + name + ": " + e.getMessage(), e);
    }
  }

  private Path newPlace() {
    return newDirectory(directory.mounts().resolve(String.valueOf(overlays++)));
  }

  private static Path newDirectory(Path path) {
    try {
      return Files.createDirectories(path);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + path + "'", e);
    }
  }

  private RuntimeSpec.Mount propagated(Mount mount, RuntimeSpec.Mount bind) {
    if (parts.host().rootless()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "mounts do not propagate to and from '"
              + mount.destination()
              + "': the mounts of an ordinary user's containers are apart from the host's");
    }
    if (mount.propagation() == Mount.Propagation.SHARED && !record.ids().ofHost()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "mounts do not propagate to the host from '"
              + mount.destination()
              + "': the mounts of a user namespace stay in it; choose SLAVE");
    }
    MountPropagation.require(mount);
    String option = mount.propagation() == Mount.Propagation.SHARED ? "rshared" : "rslave";
    List<String> options =
        bind.options().stream().map(one -> one.equals("rprivate") ? option : one).toList();
    return new RuntimeSpec.Mount(bind.destination(), bind.type(), bind.source(), options);
  }

  /** What the root of the container must be for the mounts in it. */
  private Mount.Propagation propagation() {
    Mount.Propagation most = Mount.Propagation.PRIVATE;
    for (Mount mount : spec.mounts()) {
      most = mount.propagation().compareTo(most) > 0 ? mount.propagation() : most;
    }
    return most;
  }
}
