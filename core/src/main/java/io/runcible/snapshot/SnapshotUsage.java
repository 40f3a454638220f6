package io.runcible.snapshot;

import io.runcible.ffi.Errno;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.Stat;
import io.runcible.ffi.TreeReads;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a directory tree takes.
 *
 * @param bytes the lengths of its files, each counted once
 * @param inodes how many files and directories there are
 */
public record SnapshotUsage(long bytes, long inodes) {
  /** Of several trees together. */
  static SnapshotUsage of(List<Path> trees) {
    Walk walk = new Walk();
    for (Path tree : trees) {
      try (FileDescriptor root = FileCalls.openDirectory(tree)) {
        walk.tree(root);
      } catch (NativeException e) {
        Walk.passOver(e);
      }
    }
    return new SnapshotUsage(walk.bytes, walk.inodes);
  }

  /** A container may be changing the tree: no symbolic link in it is followed. */
  private static final class Walk {
    private final Set<Inode> files = new HashSet<>();
    private long bytes;
    private long inodes;

    private record Inode(long fileSystem, long number) {}

    void tree(FileDescriptor root) {
      Deque<String> directories = new ArrayDeque<>(List.of(""));
      while (!directories.isEmpty()) {
        String path = directories.pop();
        try (FileDescriptor directory = TreeReads.openDirectory(root, path)) {
          for (List<String> names = FileCalls.listSome(directory);
              !names.isEmpty();
              names = FileCalls.listSome(directory)) {
            for (String name : names) {
              if (count(directory, name)) {
                directories.push(path.isEmpty() ? name : path + "/" + name);
              }
            }
          }
        } catch (NativeException e) {
          passOver(e);
        }
      }
    }

    /** Returns whether it is a directory. */
    private boolean count(FileDescriptor directory, String name) {
      Stat stat = FileCalls.stat(directory, name).orElse(null);
      if (stat == null) {
        return false;
      }
      boolean isDirectory = stat.isDirectory();
      // Files have several names, and may be mounted within the tree once more.
      if (isDirectory || files.add(new Inode(stat.fileSystem(), stat.inode()))) {
        inodes++;
        bytes += stat.isRegular() ? stat.size() : 0;
      }
      return isDirectory;
    }

    /** Of what is another id's, was removed or replaced meanwhile, or is too deep for a path. */
    static void passOver(NativeException e) {
      switch (e.errno()) {
        case Errno.EACCES, Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP, Errno.ENAMETOOLONG -> {}
        default -> throw e;
      }
    }
  }
}
