package io.runcible.store;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.state.LockFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** The leases of all processes, a file for each. */
final class Leases {
  private final StoreLock lock;
  private final Path directory;

  Leases(StoreLock lock, Path directory) {
    this.lock = lock;
    this.directory = directory;
  }

  Lease open() {
    return Lease.open(lock, directory.resolve(UUID.randomUUID().toString()));
  }

  /**
   * What living processes keep; those of dead ones are removed. The caller holds the store
   * exclusively.
   */
  Set<Digest> kept() {
    Set<Digest> kept = new HashSet<>();
    for (Path file : StoreFiles.list(directory)) {
      Optional<LockFile> dead = LockFile.tryAcquire(file, true);
      if (dead.isPresent()) {
        dead.get().closeAndRemove();
        continue;
      }
      lines(file).forEach(line -> kept.add(Digest.parse(line)));
    }
    return kept;
  }

  /** None if it was closed meanwhile. */
  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot read the lease '" + file + "'", e);
    }
  }
}
