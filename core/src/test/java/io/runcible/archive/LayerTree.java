package io.runcible.archive;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileContent;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Stat;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What is in unpacked layers, as a mount would show it: one line for each name, such as {@code d
 * etc}, {@code f etc/passwd=root}, {@code l link->target}, {@code c null 1:3}, {@code p fifo}.
 */
public final class LayerTree {
  private final LayerFormat format;
  private final boolean modes;
  private final TreeMap<String, String> lines = new TreeMap<>();

  private LayerTree(LayerFormat format, boolean modes) {
    this.format = format;
    this.modes = modes;
  }

  public static List<String> of(Path root) {
    return of(LayerFormat.PLAIN, List.of(root));
  }

  static List<String> of(LayerFormat format, List<Path> layersLowestFirst) {
    return of(new LayerTree(format, false), layersLowestFirst);
  }

  public static List<String> withModes(Path root) {
    return withModes(LayerFormat.PLAIN, List.of(root));
  }

  /** The same with the mode of each name, and without the number of links. */
  static List<String> withModes(LayerFormat format, List<Path> layersLowestFirst) {
    return of(new LayerTree(format, true), layersLowestFirst);
  }

  private static List<String> of(LayerTree tree, List<Path> layersLowestFirst) {
    for (Path layer : layersLowestFirst) {
      try (FileDescriptor root = FileCalls.openDirectory(layer)) {
        if (tree.isOpaque(root, ".")) {
          tree.lines.clear();
        }
        tree.add(root, "");
      }
    }
    return new ArrayList<>(tree.lines.values());
  }

  private boolean isOpaque(FileDescriptor parent, String leaf) {
    return switch (format) {
      case PLAIN -> false;
      case COPY -> FileCalls.stat(parent, leaf + "/.wh..wh..opq").isPresent();
      default -> AttributeCalls.get(parent, leaf, format.opaqueAttribute()).isPresent();
    };
  }

  private void add(FileDescriptor directory, String path) {
    try (FileDescriptor open = FileCalls.openChildDirectory(directory, ".")) {
      for (String name : FileCalls.list(open)) {
        Optional<Stat> stat = FileCalls.stat(open, name);
        add(open, name, path.isEmpty() ? name : path + "/" + name, stat.orElseThrow());
      }
    }
  }

  private void add(FileDescriptor parent, String name, String path, Stat stat) {
    boolean merges =
        stat.isDirectory()
            && lines.getOrDefault(path, "").startsWith("d")
            && !isOpaque(parent, name);
    if (!merges) {
      lines.remove(path);
      lines.keySet().removeIf(other -> other.startsWith(path + "/"));
    }
    if (isMark(parent, name, stat)) {
      return;
    }
    lines.put(path, line(parent, name, path, stat));
    if (stat.isDirectory()) {
      try (FileDescriptor child = FileCalls.openChildDirectory(parent, name)) {
        add(child, path);
      }
    }
  }

  private boolean isMark(FileDescriptor parent, String name, Stat stat) {
    if (format == LayerFormat.COPY) {
      return name.equals(".wh..wh..opq")
          || stat.type() == Stat.SYMLINK
              && FileCalls.readLink(parent, name).equals(".wh..wh..gone");
    }
    boolean node = stat.type() == Stat.CHARACTER_DEVICE || stat.type() == Stat.BLOCK_DEVICE;
    return node && stat.deviceMajor() == 0 && format.isOverlay();
  }

  private String line(FileDescriptor parent, String name, String path, Stat stat) {
    String line =
        switch (stat.type()) {
          case Stat.DIRECTORY -> "d " + path;
          case Stat.REGULAR -> "f " + path + "=" + content(parent, name, stat);
          case Stat.SYMLINK -> "l " + path + "->" + FileCalls.readLink(parent, name);
          case Stat.FIFO -> "p " + path;
          case Stat.CHARACTER_DEVICE ->
              "c " + path + " " + stat.deviceMajor() + ":" + stat.deviceMinor();
          case Stat.BLOCK_DEVICE ->
              "b " + path + " " + stat.deviceMajor() + ":" + stat.deviceMinor();
          default -> "? " + path;
        };
    if (modes) {
      return line + " " + Integer.toOctalString(stat.permissions());
    }
    return stat.isDirectory() || stat.links() == 1 ? line : line + " (" + stat.links() + ")";
  }

  private static String content(FileDescriptor parent, String name, Stat stat) {
    if (stat.size() > 1000) {
      return stat.size() + " bytes";
    }
    ByteBuffer buffer = ByteBuffer.allocateDirect(1001);
    try (FileDescriptor file = FileCalls.openFileInRoot(parent, name)) {
      while (FileContent.read(file, buffer) > 0) {
        // Until the end of the file.
      }
    }
    byte[] bytes = new byte[buffer.flip().remaining()];
    buffer.get(bytes);
    return new String(bytes, ISO_8859_1);
  }
}
