package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * What a container with {@link Stdio#LOGGED} has written so far. Stays readable after the container
 * ended, until it is removed.
 */
public final class Logs {
  private static final int MAX_TEXT = 16 << 20;

  private final ContainerDirectory directory;
  private final LogPolicy policy;
  private final BooleanSupplier growing;

  /**
   * Those of a container.
   *
   * @param growing whether more may come
   */
  Logs(ContainerDirectory directory, LogPolicy policy, BooleanSupplier growing) {
    this.directory = directory;
    this.policy = policy;
    this.growing = growing;
  }

  /**
   * The standard output so far; the caller closes the stream.
   *
   * @throws RuncibleException UNSUPPORTED with {@link LogPolicy#NONE}
   */
  public InputStream stdout() {
    requireKept();
    return isRaw() ? open(directory.stdout()) : output(false);
  }

  /** The standard error output so far, as {@link #stdout()}. */
  public InputStream stderr() {
    requireKept();
    return isRaw() ? open(directory.stderr()) : output(true);
  }

  private boolean isKept() {
    return policy.format() != LogPolicy.Format.NONE;
  }

  private void requireKept() {
    if (!isKept()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "container " + directory.id() + " keeps no log: it was made with LogPolicy.NONE");
    }
  }

  private boolean isRaw() {
    return policy.format() == LogPolicy.Format.RAW;
  }

  private InputStream output(boolean error) {
    CriLog log = directory.log();
    try {
      return new CriOutput(log, CriLog.Position.START, log.end(), error);
    } catch (IOException e) {
      throw missing(log.directory(), e);
    }
  }

  /**
   * Both outputs as UTF-8, first the standard output, then the standard error output; of each at
   * most the last 16 MiB. Empty with {@link LogPolicy#NONE}.
   */
  public String text() {
    return end(MAX_TEXT);
  }

  /** Of each output the last bytes. */
  String end(int limit) {
    if (!isKept()) {
      return "";
    }
    if (isRaw()) {
      return tail(directory.stdout(), limit) + tail(directory.stderr(), limit);
    }
    try (InputStream out = stdout();
        InputStream err = stderr()) {
      return end(out, limit) + end(err, limit);
    } catch (IOException e) {
      throw missing(directory.log().directory(), e);
    }
  }

  private static String end(InputStream in, int limit) throws IOException {
    byte[] last = new byte[0];
    for (byte[] next = in.readNBytes(limit); next.length > 0; next = in.readNBytes(limit)) {
      byte[] both = Arrays.copyOf(last, last.length + next.length);
      System.arraycopy(next, 0, both, last.length, next.length);
      last = Arrays.copyOfRange(both, Math.max(0, both.length - limit), both.length);
    }
    return new String(last, StandardCharsets.UTF_8);
  }

  /**
   * The lines, with their times, oldest first. Lines that are longer than 16 KiB, or were written
   * in pieces, come in parts.
   *
   * @return lazy, and for one thread; with {@link LogQuery#following} its next element is waited
   *     for. The caller closes it
   * @throws RuncibleException UNSUPPORTED unless the log is in the format {@link
   *     LogPolicy.Format#CRI}
   */
  public Stream<LogEntry> entries(LogQuery query) {
    requireKept();
    if (isRaw()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "the log of container "
              + directory.id()
              + " has bytes alone, no lines with times; make the container with LogPolicy.cri()");
    }
    LogEntries entries = LogEntries.open(directory.log(), query, growing);
    return StreamSupport.stream(
            Spliterators.spliteratorUnknownSize(entries, Spliterator.ORDERED | Spliterator.NONNULL),
            false)
        .onClose(entries::close);
  }

  private static InputStream open(Path file) {
    try {
      return Files.newInputStream(file);
    } catch (IOException e) {
      throw missing(file, e);
    }
  }

  static String tail(Path file, int limit) {
    // Not a channel, which an interrupt would close.
    try (FileInputStream stream = new FileInputStream(file.toFile())) {
      stream.skipNBytes(Math.max(0, Files.size(file) - limit));
      return new String(stream.readNBytes(limit), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw missing(file, e);
    }
  }

  private static RuncibleException missing(Path file, Exception cause) {
    return new RuncibleException(
        ErrorKind.NOT_FOUND,
        "there is no log '" + file + "': the container was removed, or its output is piped",
        cause);
  }
}
