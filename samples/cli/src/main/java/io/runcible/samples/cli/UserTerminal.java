package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.jline.utils.Signals;

/**
 * The terminal of whoever runs this program, on behalf of a process with a terminal of its own: it
 * passes every key on, control characters too, and tells its size. Closing it sets it back.
 */
final class UserTerminal implements AutoCloseable {
  private static final File DEVICE = new File("/dev/tty");

  private final String settings;

  private UserTerminal(String settings) {
    this.settings = settings;
  }

  /** Takes the terminal over. */
  static UserTerminal open() {
    String settings = stty("-g");
    // The output's carriage returns come from here: the runtime makes none in the container.
    stty("raw", "-echo", "opost");
    return new UserTerminal(settings);
  }

  /** The same with every key as it was, where none is passed on. */
  static UserTerminal asItIs() {
    return new UserTerminal(stty("-g"));
  }

  /** Rows and columns; the usual ones where it does not know. */
  static int[] size() {
    String[] size = stty("size").split(" ", -1);
    int rows = Integer.parseInt(size[0]);
    int columns = Integer.parseInt(size[1]);
    return rows > 0 && columns > 0 ? new int[] {rows, columns} : new int[] {24, 80};
  }

  /** Whether input and output are one. */
  static boolean isThere() {
    return Progress.isTerminal(0) && Progress.isTerminal(1);
  }

  /** From now on something has a terminal of the same size; it is told of rows and columns. */
  void follow(BiConsumer<Integer, Integer> resize) {
    Signals.register(
        "WINCH",
        () -> {
          int[] size = size();
          resize.accept(size[0], size[1]);
        });
  }

  private static String stty(String... arguments) {
    List<String> command = new ArrayList<>(List.of("stty"));
    command.addAll(List.of(arguments));
    try {
      Process process =
          new ProcessBuilder(command).redirectInput(DEVICE).redirectErrorStream(true).start();
      String answer =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
      if (process.waitFor() != 0) {
        throw new RuncibleException(
            ErrorKind.FAILED_PRECONDITION, "the terminal cannot be used: " + answer);
      }
      return answer;
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "there is no terminal for -t: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(ErrorKind.CANCELLED, "interrupted", e);
    }
  }

  @Override
  public void close() {
    stty(settings);
  }
}
