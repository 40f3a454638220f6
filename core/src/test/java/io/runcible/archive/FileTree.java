package io.runcible.archive;

import io.runcible.Digest;
import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileContent;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Stat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Everything that can be seen of a tree but the host's labels, for comparing two of them: one line
 * for each raw name.
 */
public final class FileTree {
  /** Of the host's own policy, and of no layer. */
  private static final String LABEL = "security.selinux";

  private final Map<String, String> lines = new TreeMap<>();
  private final Map<Long, String> firstNames = new HashMap<>();
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 18);
  private final byte[] bytes = new byte[1 << 18];
  private final Digest.Hasher hasher = Hashers.sha256();

  private FileTree() {}

  public static Map<String, String> of(Path root) {
    FileTree tree = new FileTree();
    try (FileDescriptor open = FileCalls.openDirectory(root)) {
      tree.add(open, ".", "/");
    }
    return tree.lines;
  }

  /** The same as {@code src/test/images/list_tree.py} wrote it. */
  public static Map<String, String> read(Path file) throws IOException {
    Map<String, String> lines = new TreeMap<>();
    for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
      int tab = line.indexOf('\t');
      String facts = line.substring(tab + 1).replaceFirst(" " + LABEL + "=[0-9a-f]*", "");
      lines.put(line.substring(0, tab), facts);
    }
    return lines;
  }

  /** The lines that two trees do not have in common. */
  public static List<String> difference(Map<String, String> actual, Map<String, String> expected) {
    List<String> difference = new ArrayList<>();
    TreeSet<String> names = new TreeSet<>(actual.keySet());
    names.addAll(expected.keySet());
    for (String name : names) {
      if (!Objects.equals(actual.get(name), expected.get(name))) {
        difference.add(name + ": is " + actual.get(name) + ", expected " + expected.get(name));
      }
    }
    return difference;
  }

  private void add(FileDescriptor parent, String name, String path) {
    Stat stat = FileCalls.stat(parent, name).orElseThrow();
    StringBuilder line = new StringBuilder(Integer.toOctalString(stat.mode()));
    line.append(' ').append(stat.uid()).append(':').append(stat.gid());
    line.append(' ').append(stat.modifiedSeconds()).append('.').append(stat.modifiedNanos());
    line.append(' ').append(stat.deviceMajor()).append(':').append(stat.deviceMinor());
    for (String attribute : AttributeCalls.names(parent, name).stream().sorted().toList()) {
      if (attribute.equals(LABEL)) {
        continue;
      }
      byte[] value = AttributeCalls.get(parent, name, attribute).orElse(new byte[0]);
      line.append(' ').append(attribute).append('=').append(HexFormat.of().formatHex(value));
    }
    switch (stat.type()) {
      case Stat.REGULAR -> {
        line.append(' ').append(stat.size()).append(' ').append(digest(parent, name));
        line.append(' ').append(firstNames.computeIfAbsent(stat.inode(), inode -> path));
      }
      case Stat.SYMLINK -> line.append(" -> ").append(FileCalls.readLink(parent, name));
      default -> {
        // A directory's size and number of names are the file system's business.
      }
    }
    lines.put(path, line.toString());
    if (stat.isDirectory()) {
      try (FileDescriptor directory = FileCalls.openChildDirectory(parent, name)) {
        for (String child : FileCalls.list(directory).stream().sorted().toList()) {
          add(directory, child, path.equals("/") ? path + child : path + "/" + child);
        }
      }
    }
  }

  private String digest(FileDescriptor parent, String name) {
    try (FileDescriptor file = FileCalls.openFileInRoot(parent, name)) {
      while (FileContent.read(file, buffer.clear()) > 0) {
        int count = buffer.flip().remaining();
        buffer.get(bytes, 0, count);
        hasher.update(bytes, 0, count);
      }
      return hasher.finish().hex().substring(0, 16);
    }
  }
}
