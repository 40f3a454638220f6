package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.network.LeaseTable.Lease;
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
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The records of the networks of a store: a directory for each, with what it is and who uses it.
 * One lock, of all processes, for all of them: a container may be on several, and the kernel has
 * one lock for devices itself.
 */
final class NetworkFiles {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String NETWORK = "network.json";

  /**
   * Who uses a network changes with every container. Each time the table gets the next number as
   * its name: a file system that looks after those who rename over a file writes the new one to the
   * disk at once, and a container would wait for that.
   */
  private static final Pattern LEASES = Pattern.compile("leases-([0-9]{1,18})[.]json");

  private static final int MAX_TRIES = 1000;

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

  /**
   * Who uses a network.
   *
   * @throws RuncibleException CORRUPT_DATA if that is damaged
   */
  LeaseTable leases(String name) {
    for (int i = 0; i < MAX_TRIES; i++) {
      NavigableMap<Long, Path> tables = tables(name);
      if (tables.isEmpty()) {
        return LeaseTable.EMPTY;
      }
      Optional<LeaseTable> latest = read(name, tables.lastEntry().getValue());
      if (latest.isPresent()) {
        return latest.get();
      }
      // Somebody has just written the next one.
    }
    throw new RuncibleException(
        ErrorKind.UNAVAILABLE, "who uses network '" + name + "' changes too fast to be read");
  }

  private static Optional<LeaseTable> read(String name, Path file) {
    try {
      return JsonRecord.read(file, LeaseTable.class);
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.CORRUPT_DATA) {
        throw e;
      }
      throw new RuncibleException(
          e.kind(),
          "who is on network '"
              + name
              + "' is not known, as '"
              + file
              + "' is damaged, and nobody can join it; remove the containers that are on it,"
              + " whereupon it begins anew",
          e);
    }
  }

  /**
   * The same, or nothing if that is damaged: it is to hold up nobody who is not on that network.
   */
  Optional<LeaseTable> readable(String name) {
    try {
      return Optional.of(leases(name));
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.CORRUPT_DATA) {
        throw e;
      }
      log().debug("a network is left out", e);
      return Optional.empty();
    }
  }

  /** The place of a container on a network, as far as that is known. */
  Optional<Lease> lease(String name, String token) {
    return readable(name).flatMap(table -> table.of(token));
  }

  /** Only with the lock. */
  void write(String name, LeaseTable table) {
    NavigableMap<Long, Path> old = tables(name);
    long number = old.isEmpty() ? 1 : old.lastKey() + 1;
    JsonRecord.write(root.resolve(name).resolve("leases-" + number + ".json"), table, false);
    try {
      for (Path file : old.values()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot remove an old table of network '" + name + "'", e);
    }
  }

  /** More than one if the last writer was killed. */
  private NavigableMap<Long, Path> tables(String name) {
    NavigableMap<Long, Path> tables = new TreeMap<>();
    Path directory = root.resolve(name);
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "leases-*")) {
      for (Path file : files) {
        Matcher matcher = LEASES.matcher(file.getFileName().toString());
        if (matcher.matches()) {
          tables.put(Long.valueOf(matcher.group(1)), file);
        }
      }
    } catch (NoSuchFileException e) {
      return tables;
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot list '" + directory + "'", e);
    }
    return tables;
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

  private static Logger log() {
    return LoggerFactory.getLogger(NetworkFiles.class);
  }
}
