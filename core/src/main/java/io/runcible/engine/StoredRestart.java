package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * The restart policy that a container has by now: that of its making, or what it was changed to,
 * which is in a file that the monitor of a detached one reads as well.
 */
final class StoredRestart {
  private StoredRestart() {}

  static RestartPolicy of(ContainerDirectory directory, ContainerRecord record) {
    Path file = directory.restartPolicy();
    try {
      String[] words = Files.readString(file).strip().split(" ", -1);
      return new RestartPolicy(Boolean.parseBoolean(words[1]), Integer.parseInt(words[0]));
    } catch (NoSuchFileException e) {
      return record.options().restartPolicy();
    } catch (IOException | NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw new RuncibleException(ErrorKind.CORRUPT_DATA, "cannot read '" + file + "'", e);
    }
  }

  /** In place of what was there: who reads it sees the one or the other. */
  static void write(ContainerDirectory directory, RestartPolicy policy) {
    Path file = directory.restartPolicy();
    try {
      Path made = Files.createTempFile(directory.path(), "restart", ".new");
      Files.writeString(made, policy.maxRestarts() + " " + policy.onSuccess() + "\n");
      Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot write '" + file + "'", e);
    }
  }
}
