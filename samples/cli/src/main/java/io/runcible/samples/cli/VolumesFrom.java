package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.Mount;
import io.runcible.engine.VolumeInfo;
import io.runcible.runtime.RuntimeSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** The volumes of another container, and what it has of the host's files, in the same places. */
final class VolumesFrom {
  /** What is mounted there is the engine's. */
  private static final Set<Path> OF_THE_KERNEL =
      Set.of(Path.of("/dev"), Path.of("/proc"), Path.of("/sys"));

  private final String container;
  private final boolean readOnly;

  private VolumesFrom(String container, boolean readOnly) {
    this.container = container;
    this.readOnly = readOnly;
  }

  /** {@code CONTAINER[:OPTIONS]}. */
  static VolumesFrom parse(String text) {
    int colon = text.indexOf(':');
    boolean readOnly = false;
    for (String option : colon < 0 ? List.<String>of() : options(text.substring(colon + 1))) {
      switch (option) {
        case "ro" -> readOnly = true;
        case "rw", "z" -> {
          // As the other one has it.
        }
        default -> throw Filters.invalid("--volumes-from has no option '" + option + "'");
      }
    }
    return new VolumesFrom(colon < 0 ? text : text.substring(0, colon), readOnly);
  }

  private static List<String> options(String text) {
    return List.of(text.split(",", -1));
  }

  Container container(ContainerEngine engine) {
    return Containers.require(engine, container);
  }

  /**
   * All of them.
   *
   * @param data the engine's directory
   * @throws RuncibleException NOT_FOUND if there is no such container, UNSUPPORTED for what only
   *     that container can have
   */
  List<Mount> mounts(ContainerEngine engine, Path data) {
    Container from = container(engine);
    Map<Path, String> volumes = volumes(engine);
    Path own = data.resolve("containers");
    List<Mount> mounts = new ArrayList<>();
    for (RuntimeSpec.Mount mount : from.inspect().setup().mounts()) {
      Path source = Path.of(mount.source());
      String volume = volumes.get(source);
      if (!mount.type().equals("bind") || isOfTheEngine(mount, data)) {
        continue;
      }
      if (volume != null) {
        mounts.add(with(Mount.volume(volume, mount.destination()), mount));
      } else if (!source.startsWith(own)) {
        mounts.add(with(Mount.bind(source, mount.destination()), mount));
      } else {
        throw cannotBeShared(mount.destination());
      }
    }
    return mounts;
  }

  /** The names of volumes by where their files are. */
  static Map<Path, String> volumes(ContainerEngine engine) {
    return engine.volumes().list().stream()
        .collect(Collectors.toMap(VolumeInfo::path, VolumeInfo::name));
  }

  /** Whether each container has such a mount by itself. */
  static boolean isOfTheEngine(RuntimeSpec.Mount mount, Path data) {
    Path own = data.resolve("containers");
    Path source = Path.of(mount.source());
    return isOfTheKernel(Path.of(mount.destination()))
        || source.startsWith(own) && isFileOfTheEngine(own.relativize(source));
  }

  private static boolean isOfTheKernel(Path destination) {
    return OF_THE_KERNEL.stream().anyMatch(destination::startsWith);
  }

  /** Such as the names of hosts, which each container has by itself. */
  private static boolean isFileOfTheEngine(Path file) {
    return file.getNameCount() == 2;
  }

  private RuncibleException cannotBeShared(String destination) {
    return new RuncibleException(
        ErrorKind.UNSUPPORTED,
        "--volumes-from "
            + container
            + " is not supported: what is mounted on '"
            + destination
            + "' there is an image, a layer or has other owners; mount it by --mount instead");
  }

  private Mount with(Mount plain, RuntimeSpec.Mount from) {
    Mount mount = plain;
    if (readOnly || from.options().contains("ro")) {
      mount = mount.readOnly();
    }
    if (from.options().contains("rslave")) {
      return mount.propagation(Mount.Propagation.SLAVE);
    }
    return from.options().contains("rshared") ? mount.propagation(Mount.Propagation.SHARED) : mount;
  }
}
