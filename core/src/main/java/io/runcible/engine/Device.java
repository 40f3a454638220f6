package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Stat;
import io.runcible.runtime.DeviceNode;
import io.runcible.runtime.RuntimeSpec;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A device of the host that a container may use. Immutable.
 *
 * <p>For an ordinary user's container, and for one with a {@linkplain UserNamespace user
 * namespace}, the file of the host is mounted, with its owner and mode: what its user may do there,
 * it may do inside.
 */
public final class Device {
  private final Path source;
  private final String path;
  private final String access;

  private Device(Path source, String path, String access) {
    this.source = source;
    this.path = path;
    this.access = access;
  }

  /**
   * A device with its own name, for reading and writing and making further files of it. Making the
   * container fails with NOT_FOUND or INVALID_INPUT if there is no device at the path.
   *
   * @param source such as {@code /dev/fuse}; links are followed
   */
  public static Device of(Path source) {
    Path absolute = source.toAbsolutePath();
    return new Device(absolute, absolute.toString(), "rwm");
  }

  /** The same with another path in the container. */
  public Device at(String path) {
    if (!path.startsWith("/") || RootDirectories.names(path).isEmpty()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "'" + path + "' cannot be the path of a device");
    }
    return new Device(source, path, access);
  }

  /**
   * The same for less: some of {@code r}, {@code w} and {@code m}. For an ordinary user's container
   * the mode of the file alone counts.
   *
   * @throws RuncibleException INVALID_INPUT for anything else
   */
  public Device access(String access) {
    DeviceNode.requireAccess(access);
    return new Device(source, path, access);
  }

  /** The path on the host. */
  public Path source() {
    return source;
  }

  /** The path in the container. */
  public String path() {
    return path;
  }

  /** What the container may do: some of {@code rwm}. */
  public String access() {
    return access;
  }

  void addTo(RuntimeSpec.Builder builder, boolean rootless) {
    DeviceNode node = node();
    if (rootless) {
      builder.mount(RuntimeSpec.Mount.bind(source, path, false));
    } else {
      builder.device(node);
    }
  }

  private RuncibleException noDevice() {
    return new RuncibleException(ErrorKind.INVALID_INPUT, "'" + source + "' is no device");
  }

  private DeviceNode node() {
    Stat stat;
    try {
      Path real = source.toRealPath();
      Path parent = real.getParent();
      if (parent == null) {
        throw noDevice();
      }
      try (FileDescriptor directory = FileCalls.openDirectory(parent)) {
        stat = FileCalls.stat(directory, real.getFileName().toString()).orElseThrow(this::noDevice);
      }
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.NOT_FOUND, "there is no device '" + source + "'", e);
    }
    boolean block = stat.type() == Stat.BLOCK_DEVICE;
    if (!block && stat.type() != Stat.CHARACTER_DEVICE) {
      throw noDevice();
    }
    return new DeviceNode(
        path,
        block,
        stat.deviceMajor(),
        stat.deviceMinor(),
        stat.permissions() & 0777,
        stat.uid(),
        stat.gid(),
        access);
  }
}
