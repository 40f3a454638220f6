package io.runcible.archive;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The names that the present layer made in a tree it shares with earlier layers: a whiteout never
 * deletes them, whatever the order in the archive. A directory is known by its inode, because
 * symbolic links give it several paths.
 */
final class MadeNames {
  private final Map<Long, Set<String>> names = new HashMap<>();

  void add(long directory, String name) {
    names.computeIfAbsent(directory, inode -> new HashSet<>()).add(name);
  }

  boolean contains(long directory, String name) {
    Set<String> made = names.get(directory);
    return made != null && made.contains(name);
  }

  void forget(long directory, String name) {
    Set<String> made = names.get(directory);
    if (made != null) {
      made.remove(name);
    }
  }

  /** A directory is gone, and its inode number will be used again. */
  void forgetDirectory(long directory) {
    names.remove(directory);
  }
}
