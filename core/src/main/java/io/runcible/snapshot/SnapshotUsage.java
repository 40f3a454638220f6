package io.runcible.snapshot;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a directory tree takes.
 *
 * @param bytes the lengths of its files, each counted once
 * @param inodes how many files and directories there are
 */
public record SnapshotUsage(long bytes, long inodes) {
  /** Of several trees together. */
  static SnapshotUsage of(List<Path> trees) throws IOException {
    long bytes = 0;
    long inodes = 0;
    Set<Object> files = new HashSet<>();
    Deque<Path> directories = new ArrayDeque<>(trees);
    while (!directories.isEmpty()) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(directories.pop())) {
        for (Path entry : entries) {
          @Nullable BasicFileAttributes facts = facts(entry);
          if (facts == null) {
            continue;
          }
          if (facts.isDirectory()) {
            directories.push(entry);
          } else if (!files.add(facts.fileKey())) {
            continue; // Another name of a file.
          }
          inodes++;
          bytes += facts.isRegularFile() ? facts.size() : 0;
        }
      } catch (AccessDeniedException | NoSuchFileException | NotDirectoryException e) {
        // Another id's, or removed meanwhile.
      } catch (DirectoryIteratorException e) {
        throw e.getCause();
      }
    }
    return new SnapshotUsage(bytes, inodes);
  }

  /** Null for one that is another id's, or removed meanwhile: the others of its directory count. */
  private static @Nullable BasicFileAttributes facts(Path entry) throws IOException {
    try {
      return Files.readAttributes(entry, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    } catch (AccessDeniedException | NoSuchFileException e) {
      return null;
    }
  }
}
