package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** A small disk that is full at each step of a work in turn, for whoever the engine belongs to. */
final class FullDisk {
  private static final int MOST = 1200;

  private final Path filler;
  private final Deque<Path> files = new ArrayDeque<>();
  private int made;

  FullDisk(Path data) throws IOException {
    filler = Files.createDirectory(data.resolve("filler"));
  }

  /**
   * Tries it until it succeeds.
   *
   * @param step how many files more there is room for each time
   * @param after is done after each try, when there is room for all
   * @return how often it failed
   */
  int run(int step, Runnable work, Runnable after) throws IOException {
    int failures = 0;
    while (true) {
      assertThat(failures * step).isLessThan(MOST);
      leaveFree(failures * step);
      Optional<RuncibleException> failure = tried(work);
      failure.ifPresent(
          e ->
              assertThat(e.kind() == ErrorKind.UNAVAILABLE || isTargetOfCrun(e))
                  .as(e.toString())
                  .isTrue());
      empty();
      after.run();
      if (failure.isEmpty()) {
        return failures;
      }
      failures++;
    }
  }

  /** crun says that what it could not make is not there, and not why. */
  private static boolean isTargetOfCrun(RuncibleException failure) {
    return Differences.isOnCrun()
        && failure.kind() == ErrorKind.INTERNAL
        && failure.getMessage().matches(".* open `.*/rootfs/.*`: No such file or directory");
  }

  private static Optional<RuncibleException> tried(Runnable work) {
    try {
      work.run();
      return Optional.empty();
    } catch (RuncibleException e) {
      return Optional.of(e);
    }
  }

  /** Files without content fill a file system of few inodes. */
  private void leaveFree(int free) throws IOException {
    try {
      while (true) {
        files.push(Files.createFile(filler.resolve(String.valueOf(made++))));
      }
    } catch (FileSystemException e) {
      for (int i = 0; i < free; i++) {
        Files.delete(files.pop());
      }
    }
  }

  private void empty() throws IOException {
    while (!files.isEmpty()) {
      Files.delete(files.pop());
    }
  }
}
