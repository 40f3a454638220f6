package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The restart policy that a container has by now: that of its making, or what it was changed to,
 * which is in a file that the monitor of a detached one reads as well.
 */
final class StoredRestart {
  private static final Pattern LINE = Pattern.compile("([0-9]{1,10}) (true|false)\n");

  private StoredRestart() {}

  /** That of its making also where the file is damaged: nobody could remove the container else. */
  static RestartPolicy of(ContainerDirectory directory, ContainerRecord record) {
    Path file = directory.restartPolicy();
    try {
      Matcher line = LINE.matcher(Files.readString(file));
      if (line.matches()) {
        return new RestartPolicy(
            Boolean.parseBoolean(line.group(2)), Integer.parseInt(line.group(1)));
      }
      warn(file, null);
    } catch (NoSuchFileException e) {
      // It was never changed.
    } catch (IOException | NumberFormatException e) {
      warn(file, e);
    }
    return record.options().restartPolicy();
  }

  private static void warn(Path file, @Nullable Exception cause) {
    log()
        .warn("'{}' is damaged; the restart policy is that of the container's making", file, cause);
  }

  /** In place of what was there: who reads it sees the one or the other, after a power cut, too. */
  static void write(ContainerDirectory directory, RestartPolicy policy) {
    Path file = directory.restartPolicy();
    try {
      Path made = Files.createTempFile(directory.path(), "restart", ".new");
      // Not a channel, which an interrupt would close.
      try (FileOutputStream stream = new FileOutputStream(made.toFile())) {
        String line = policy.maxRestarts() + " " + policy.onSuccess() + "\n";
        stream.write(line.getBytes(StandardCharsets.US_ASCII));
        stream.getFD().sync();
        Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(made);
      }
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot write '" + file + "'", e);
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(StoredRestart.class);
  }
}
