package io.runcible.snapshot;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What a directory tree takes.
 *
 * @param bytes the lengths of its files, each counted once
 * @param inodes how many files and directories there are
 */
public record SnapshotUsage(long bytes, long inodes) {
  static SnapshotUsage of(Path tree) throws IOException {
    long bytes = 0;
    long inodes = 0;
    Set<Object> linked = new HashSet<>();
    Deque<Path> directories = new ArrayDeque<>();
    directories.push(tree);
    while (!directories.isEmpty()) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(directories.pop())) {
        for (Path entry : entries) {
          Map<String, Object> facts =
              Files.readAttributes(
                  entry, "unix:size,nlink,ino,isDirectory,isRegularFile", LinkOption.NOFOLLOW_LINKS);
          if (facts.get("isDirectory").equals(true)) {
            directories.push(entry);
          } else if (!facts.get("nlink").equals(1) && !linked.add(facts.get("ino"))) {
            continue;
          }
          inodes++;
          bytes += facts.get("isRegularFile").equals(true) ? (Long) facts.get("size") : 0;
        }
      } catch (AccessDeniedException | NoSuchFileException e) {
        // Another id's, or removed meanwhile.
      } catch (DirectoryIteratorException e) {
        throw e.getCause();
      }
    }
    return new SnapshotUsage(bytes, inodes);
  }

  SnapshotUsage plus(SnapshotUsage other) {
    return new SnapshotUsage(bytes + other.bytes, inodes + other.inodes);
  }
}
