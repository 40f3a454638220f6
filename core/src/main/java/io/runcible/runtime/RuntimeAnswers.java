package io.runcible.runtime;

import io.runcible.RuncibleException;
import io.runcible.state.JsonRecord;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps what a runtime said of itself beside its state, for as long as its file is the same: to
 * start the program only to hear that again is a good part of opening an engine.
 */
final class RuntimeAnswers {
  /** Which file the program was, and what it said. */
  private static final String SUFFIX = ".version.json";

  private static final byte[] ELF = {0x7f, 'E', 'L', 'F'};

  private final Path record;

  /**
   * Those that are kept beside a directory.
   *
   * @param state of the runtime, which has nothing else in it; where it lies is this user's alone
   */
  RuntimeAnswers(Path state) {
    record = state.resolveSibling(state.getFileName() + SUFFIX);
  }

  /** What the program answered before or, if that is not known, answers now. */
  String get(Path program, Supplier<String> asking) {
    // Before it is asked: one that is replaced meanwhile is another one.
    Optional<String> identity = identity(program);
    if (identity.isEmpty()) {
      return asking.get();
    }
    Optional<String> known = find(identity.get());
    if (known.isPresent()) {
      return known.get();
    }
    String answer = asking.get();
    keep(identity.get(), answer);
    return answer;
  }

  private Optional<String> find(String identity) {
    try {
      Optional<String[]> read = JsonRecord.read(record, String[].class);
      boolean known = read.isPresent() && read.get().length == 2 && identity.equals(read.get()[0]);
      return known ? Optional.ofNullable(read.get()[1]) : Optional.empty();
    } catch (RuncibleException e) {
      log().debug("The runtime is asked again", e);
      return Optional.empty();
    }
  }

  private void keep(String identity, String answer) {
    try {
      JsonRecord.write(record, new String[] {identity, answer}, false);
    } catch (RuncibleException e) {
      log().debug("The runtime will be asked again", e);
    }
  }

  /**
   * What becomes another with each change of the file. A script may start whatever it likes, and so
   * may a program that has many names.
   */
  private static Optional<String> identity(Path program) {
    try (InputStream in = Files.newInputStream(program)) {
      if (!program.toRealPath().endsWith(program.getFileName())) {
        return Optional.empty();
      }
      if (!Arrays.equals(in.readNBytes(ELF.length), ELF)) {
        return Optional.empty();
      }
      Map<String, Object> file =
          Files.readAttributes(program, "unix:dev,ino,size,lastModifiedTime,ctime");
      return Optional.of(program.toAbsolutePath() + " " + new TreeMap<>(file));
    } catch (IOException | UnsupportedOperationException e) {
      return Optional.empty();
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(RuntimeAnswers.class);
  }
}
