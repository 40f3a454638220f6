package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.Spawn;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Processes whose parent has ended. Usually the first process of the host reaps them; in a
 * container that may be a program that does not, this one included, and each would stay a zombie.
 */
final class Orphans {
  private static final String MAKE_ONE = ": & echo $!";
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final int LOOKS = 400;
  private static final int LOOKS_OF_SOON = 20;
  private static final int NUMBER = 32;

  private static volatile @Nullable Boolean reaped;
  private static volatile boolean soon;
  private static volatile boolean told;

  private Orphans() {}

  /**
   * Whether somebody reaps them. It is tried once in the life of this process, or by each of those
   * who ask before the first one knows: a lock would hold them up, and not be better.
   *
   * @throws RuncibleException CANCELLED if the thread is interrupted, and the flag stays set
   */
  static boolean areReaped() {
    Boolean known = reaped;
    if (known == null) {
      try {
        known = tryOne();
        reaped = known;
      } catch (IOException | NumberFormatException e) {
        return unknown(e);
      } catch (RuncibleException e) {
        if (e.kind() == ErrorKind.CANCELLED) {
          throw e;
        }
        return unknown(e);
      }
    }
    return known;
  }

  /**
   * Whether somebody reaps them as they end, and the kernel then tells how; otherwise as {@link
   * #areReaped}. Some first processes only look for them now and then.
   */
  static boolean areTold() {
    return areReaped() && soon && told;
  }

  private static boolean unknown(Exception cause) {
    log().debug("nobody knows whether orphans are reaped", cause);
    return false;
  }

  private static boolean tryOne() throws IOException {
    int orphan = make();
    for (int i = 0; i < LOOKS; i++) {
      if (!Files.exists(Path.of("/proc", String.valueOf(orphan)))) {
        soon = i < LOOKS_OF_SOON;
        return true;
      }
      pause();
    }
    log().debug("nobody reaps orphans");
    return false;
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(5);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(
          ErrorKind.CANCELLED, "interrupted while seeing whether orphans are reaped", e);
    }
  }

  private static int make() throws IOException {
    Pipe out = Pipe.open();
    try (InputStream number = out.inputStream();
        ChildProcess shell =
            Spawn.of(List.of("sh", "-c", MAKE_ONE), Spawn.plainEnvironment())
                .descriptor(1, out.writer())
                .start()) {
      out.writer().close();
      String text;
      try {
        text = new String(number.readNBytes(NUMBER), StandardCharsets.US_ASCII);
        var unused = shell.waitFor(LIMIT);
      } finally {
        shell.killAndWait();
      }
      told = shell.pidFd().exitOfReaped().isPresent();
      return Integer.parseInt(text.strip());
    } finally {
      out.close();
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(Orphans.class);
  }
}
