package io.runcible.engine;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A second JVM with the class path of this one, whose output is read line by line. Its error output
 * is that of this JVM. Closing it kills it.
 */
public final class ChildJvm implements AutoCloseable {
  private static final String END = "\0end";
  private static final long LIMIT_SECONDS = Rounds.patience(120).toSeconds();

  private final Process process;

  /** In its command alone, and in that of another program that starts it. */
  private final String mark;

  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final Thread reader;

  /** Whether no other program starts it. */
  private final boolean direct;

  private ChildJvm(Process process, String mark, boolean direct) {
    this.process = process;
    this.mark = mark;
    this.direct = direct;
    this.reader = new Thread(this::read, "child-jvm-reader");
    reader.setDaemon(true);
    reader.start();
  }

  /** Starts the main class with arguments. */
  public static ChildJvm start(Class<?> main, Object... arguments) {
    return start(List.of(), main, arguments);
  }

  /**
   * Starts the main class through another program.
   *
   * @param wrapper the program and its arguments, which the command of the JVM follows
   */
  static ChildJvm start(List<String> wrapper, Class<?> main, Object... arguments) {
    List<String> command = new ArrayList<>(wrapper);
    command.addAll(java());
    String mark = "-Dtest.mark=" + UUID.randomUUID();
    command.add(mark);
    command.addAll(ChildClasses.options());
    command.add(main.getName());
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    try {
      return new ChildJvm(
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start(),
          mark,
          wrapper.isEmpty());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The program and its options, for the caller to add to. */
  static List<String> java() {
    return new ArrayList<>(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "-Xlog:cds=off",
            "-Xlog:cds+dynamic=off",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
            "-Dtest.patience=" + Rounds.patience(1).toSeconds(),
            "-Dtest.runtime=" + System.getProperty("test.runtime", "")));
  }

  /** The class path of this JVM, also where the test runner hides it behind a manifest. */
  public static String classPath() {
    String hidden = System.getProperty("surefire.test.class.path");
    return hidden != null ? hidden : System.getProperty("java.class.path");
  }

  private void read() {
    try (BufferedReader output =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      output.lines().forEach(lines::add);
    } catch (IOException | UncheckedIOException e) {
      // The process was killed.
    }
    lines.add(END);
  }

  public long pid() {
    return process.pid();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** The next line; fails at the end of the output. */
  public String line() {
    String line = next();
    if (line.equals(END)) {
      throw new AssertionError("the second JVM ended with " + waitFor());
    }
    return line;
  }

  private String next() {
    try {
      String line = lines.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
      if (line == null) {
        throw new AssertionError("the second JVM is silent for " + LIMIT_SECONDS + " s");
      }
      return line;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** All lines to the end of the output. */
  public List<String> rest() {
    List<String> rest = new ArrayList<>();
    for (String line = next(); !line.equals(END); line = next()) {
      rest.add(line);
    }
    return rest;
  }

  /** Lets it work for a while. */
  static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Ends the input of the process. */
  void endInput() {
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Kills it as {@code kill -9} does and waits for its end, also as its children that do not
   * execute their programs yet: they have its command and its open files, and so its locks.
   */
  public void kill() {
    // Where another program waits for the JVM, that goes on without it.
    boolean itself = direct || HostResources.commandLine(process.pid()).startsWith(java().get(0));
    process.destroyForcibly();
    waitFor();
    while (itself && !HostResources.commandsOf(List.of(Path.of(mark))).isEmpty()) {
      LeakCheck.pause();
    }
  }

  public int waitFor() {
    try {
      if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError("the second JVM does not end");
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    kill();
    try {
      reader.join(1000L * LIMIT_SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    endInput();
  }
}
