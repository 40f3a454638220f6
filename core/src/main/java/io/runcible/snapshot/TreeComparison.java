package io.runcible.snapshot;

import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileContent;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Stat;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** Finds out how two directory trees differ: names, types, owners, modes, times, contents. */
final class TreeComparison {
  private static final int BUFFER = 128 * 1024;

  private final FileDescriptor expectedRoot;
  private final FileDescriptor actualRoot;
  private final boolean otherForm;
  private final Deque<String> directories = new ArrayDeque<>(List.of("."));
  private final ByteBuffer expectedBytes = ByteBuffer.allocateDirect(BUFFER);
  private final ByteBuffer actualBytes = ByteBuffer.allocateDirect(BUFFER);

  private TreeComparison(
      FileDescriptor expectedRoot, FileDescriptor actualRoot, boolean otherForm) {
    this.expectedRoot = expectedRoot;
    this.actualRoot = actualRoot;
    this.otherForm = otherForm;
  }

  /**
   * The first difference that is found; empty if there is none.
   *
   * @param otherForm whether the expected tree is a layer to be copied and the other one for an
   *     overlay: then their marks count as equal where they say the same
   */
  static Optional<String> difference(Path expected, Path actual, boolean otherForm) {
    try (FileDescriptor first = FileCalls.openDirectory(expected);
        FileDescriptor second = FileCalls.openDirectory(actual)) {
      return new TreeComparison(first, second, otherForm).run();
    }
  }

  private Optional<String> run() {
    Optional<String> difference = Optional.empty();
    while (difference.isEmpty() && !directories.isEmpty()) {
      difference = directory(directories.pop());
    }
    return difference;
  }

  private Optional<String> directory(String path) {
    try (FileDescriptor expected = FileCalls.openChildDirectory(expectedRoot, path);
        FileDescriptor actual = FileCalls.openChildDirectory(actualRoot, path)) {
      List<String> names = sorted(FileCalls.list(expected));
      if (otherForm) {
        names.remove(LayerMarks.OPAQUE);
      }
      List<String> found = sorted(FileCalls.list(actual));
      if (!names.equals(found)) {
        List<String> odd = new ArrayList<>(found);
        odd.removeAll(names);
        return differs(path, odd.isEmpty() ? "lacks a file" : "has '" + odd.get(0) + "' in excess");
      }
      if (!sameFacts(expected, actual, ".", FileCalls.stat(expected), FileCalls.stat(actual))) {
        return differs(path, "has other attributes");
      }
      for (String name : names) {
        Optional<String> difference = entry(expected, actual, path, name);
        if (difference.isPresent()) {
          return difference;
        }
      }
      return Optional.empty();
    }
  }

  private Optional<String> entry(
      FileDescriptor expected, FileDescriptor actual, String path, String name) {
    Stat wanted = FileCalls.stat(expected, name).orElseThrow();
    Optional<Stat> found = FileCalls.stat(actual, name);
    String full = path + "/" + name;
    if (otherForm
        && found.isPresent()
        && LayerMarks.isWhiteout(expected, name, wanted, true)
        && LayerMarks.isWhiteout(actual, name, found.get(), false)) {
      return Optional.empty();
    }
    if (found.isEmpty() || found.get().type() != wanted.type()) {
      return differs(full, "is of another type");
    }
    if (wanted.isDirectory()) {
      directories.push(full);
      return Optional.empty();
    }
    if (!sameFacts(expected, actual, name, wanted, found.get())) {
      return differs(full, "has other attributes");
    }
    boolean same =
        switch (wanted.type()) {
          case Stat.REGULAR -> wanted.size() == found.get().size() && same(expected, actual, name);
          case Stat.SYMLINK ->
              FileCalls.readLink(expected, name).equals(FileCalls.readLink(actual, name));
          default ->
              wanted.deviceMajor() == found.get().deviceMajor()
                  && wanted.deviceMinor() == found.get().deviceMinor();
        };
    return same ? Optional.empty() : differs(full, "has other content");
  }

  private boolean sameFacts(
      FileDescriptor expected, FileDescriptor actual, String name, Stat wanted, Stat found) {
    List<String> attributes = sorted(AttributeCalls.names(expected, name));
    List<String> others = new ArrayList<>(AttributeCalls.names(actual, name));
    if (otherForm && wanted.isDirectory()) {
      if (LayerMarks.isOpaque(expected, name) != LayerMarks.isOpaque(actual, name)) {
        return false;
      }
      others.removeIf(LayerMarks::isOpaqueAttribute);
    }
    return wanted.mode() == found.mode()
        && wanted.uid() == found.uid()
        && wanted.gid() == found.gid()
        && (wanted.modifiedSeconds() == found.modifiedSeconds() || isMadeHere(wanted))
        && attributes.equals(sorted(others))
        && attributes.stream()
            .allMatch(
                a ->
                    Arrays.equals(
                        AttributeCalls.get(expected, name, a).orElse(null),
                        AttributeCalls.get(actual, name, a).orElse(null)));
  }

  /** Whiteouts, and directories that the layer has no entry for, have the time of their making. */
  private static boolean isMadeHere(Stat stat) {
    return stat.isDirectory() || stat.type() == Stat.CHARACTER_DEVICE;
  }

  private boolean same(FileDescriptor expected, FileDescriptor actual, String name) {
    try (FileDescriptor first = FileCalls.openFileInRoot(expected, name);
        FileDescriptor second = FileCalls.openFileInRoot(actual, name)) {
      while (true) {
        fill(first, expectedBytes);
        fill(second, actualBytes);
        if (!expectedBytes.equals(actualBytes)) {
          return false;
        }
        if (!expectedBytes.hasRemaining()) {
          return true;
        }
      }
    }
  }

  private static void fill(FileDescriptor file, ByteBuffer buffer) {
    buffer.clear();
    int count;
    do {
      count = FileContent.read(file, buffer);
    } while (count > 0 && buffer.hasRemaining());
    buffer.flip();
  }

  private static List<String> sorted(List<String> names) {
    List<String> sorted = new ArrayList<>(names);
    Collections.sort(sorted);
    return sorted;
  }

  private static Optional<String> differs(String path, String how) {
    return Optional.of("'" + path + "' " + how);
  }
}
