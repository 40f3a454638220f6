package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.state.JsonRecord;
import io.runcible.state.LockFile;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * The records of the networks of a store: a directory for each, with what it is and who uses it.
 * One lock, of all processes, for all of them: a container may be on several, and the kernel has
 * one lock for devices itself.
 */
final class NetworkFiles {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String NETWORK = "network.json";
  private static final String LEASES = "leases.json";

  private final Path root;

  /** Taken before the lock of the file, for which one has to ask again and again. */
  private final ReentrantLock inProcess = new ReentrantLock();

  NetworkFiles(Path root) {
    this.root = root;
  }

  /** Changes something. */
  void locked(Runnable work) {
    locked(
        () -> {
          work.run();
          return true;
        });
  }

  <T> T locked(Supplier<T> work) {
    inProcess.lock();
    try {
      Files.createDirectories(
          root, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      LockFile lock = LockFile.acquire(root.resolve(".lock"), true, LIMIT);
      try (lock) {
        return work.get();
      }
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + root + "'", e);
    } finally {
      inProcess.unlock();
    }
  }

  Optional<NetworkRecord> record(String name) {
    return JsonRecord.read(root.resolve(name).resolve(NETWORK), NetworkRecord.class);
  }

  List<NetworkRecord> records() {
    List<NetworkRecord> records = new ArrayList<>();
    names().forEach(name -> record(name).ifPresent(records::add));
    return records;
  }

  /** The networks that there are, or were when something was interrupted. */
  List<String> names() {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(root, "[a-z0-9]*")) {
      for (Path entry : entries) {
        if (Files.isDirectory(entry)) {
          names.add(entry.getFileName().toString());
        }
      }
    } catch (NoSuchFileException e) {
      return names;
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot list '" + root + "'", e);
    }
    names.sort(null);
    return names;
  }

  void write(NetworkRecord record) {
    Path directory = root.resolve(record.name());
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + directory + "'", e);
    }
    JsonRecord.write(directory.resolve(NETWORK), record, true);
  }

  LeaseTable leases(String name) {
    return JsonRecord.read(root.resolve(name).resolve(LEASES), LeaseTable.class)
        .orElse(LeaseTable.EMPTY);
  }

  void write(String name, LeaseTable table) {
    JsonRecord.write(root.resolve(name).resolve(LEASES), table, false);
  }

  /** The record first: what has none is no network. */
  void remove(String name) {
    Path directory = root.resolve(name);
    try {
      Files.deleteIfExists(directory.resolve(NETWORK));
      try (DirectoryStream<Path> rest = Files.newDirectoryStream(directory)) {
        for (Path file : rest) {
          Files.deleteIfExists(file);
        }
      }
      Files.deleteIfExists(directory);
    } catch (NoSuchFileException e) {
      // Removed before.
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot remove '" + directory + "'", e);
    }
  }
}
