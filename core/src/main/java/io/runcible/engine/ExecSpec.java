package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.runtime.ProcessSpec.ConsoleSize;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A process to start in a running container. Immutable. What is not set is as in the container. */
public final class ExecSpec {
  private final List<String> command;
  private final Map<String, String> environment;
  private final @Nullable String user;
  private final @Nullable String workingDirectory;
  private final Stdio stdio;
  private final @Nullable ConsoleSize tty;
  private final @Nullable Duration timeout;

  private ExecSpec(Builder builder) {
    command = builder.command;
    environment = Map.copyOf(builder.environment);
    user = builder.user;
    workingDirectory = builder.workingDirectory;
    stdio = builder.stdio;
    tty = builder.tty;
    timeout = builder.timeout;
  }

  /** Begins with the program, searched in the container's PATH, and its arguments. */
  public static Builder builder(String... command) {
    return new Builder(List.of(command));
  }

  public List<String> command() {
    return command;
  }

  public Map<String, String> environment() {
    return environment;
  }

  public Optional<String> user() {
    return Optional.ofNullable(user);
  }

  public Optional<String> workingDirectory() {
    return Optional.ofNullable(workingDirectory);
  }

  public Stdio stdio() {
    return stdio;
  }

  /** The first size of its terminal; empty without one. */
  public Optional<ConsoleSize> tty() {
    return Optional.ofNullable(tty);
  }

  /** How long it may run; empty for as long as it likes. */
  public Optional<Duration> timeout() {
    return Optional.ofNullable(timeout);
  }

  /** Collects an {@link ExecSpec}. */
  public static final class Builder {
    private final List<String> command;
    private final Map<String, String> environment = new LinkedHashMap<>();
    private @Nullable String user;
    private @Nullable String workingDirectory;
    private Stdio stdio = Stdio.LOGGED;
    private @Nullable ConsoleSize tty;
    private @Nullable Duration timeout;

    private Builder(List<String> command) {
      if (command.isEmpty()) {
        throw new RuncibleException(ErrorKind.INVALID_INPUT, "there is no command to execute");
      }
      if (command.stream().anyMatch(word -> word.indexOf('\0') >= 0)) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, "a word of the command to execute has a NUL character");
      }
      this.command = command;
    }

    /** Sets a variable, beside those of the container. */
    public Builder environment(String key, String value) {
      SpecRules.requireVariable(key, value);
      environment.put(key, value);
      return this;
    }

    /** {@code name}, {@code uid} or {@code user:group}; by default the container's user. */
    public Builder user(String user) {
      this.user = user;
      return this;
    }

    /** By default the container's. */
    public Builder workingDirectory(String directory) {
      SpecRules.requireAbsolute(directory);
      this.workingDirectory = directory;
      return this;
    }

    /** Where input and output go; by default to files. */
    public Builder stdio(Stdio stdio) {
      if (stdio == Stdio.DIRECT) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, "the runtime stays with an exec: its streams are PIPED");
      }
      if (stdio == Stdio.INTERACTIVE) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT,
            "nobody attaches to an exec: its streams are PIPED to whoever starts it, or LOGGED");
      }
      this.stdio = stdio;
      return this;
    }

    /**
     * Gives it a terminal of 24 rows and 80 columns, which is its input and both of its outputs.
     * The other side is {@link ContainerProcess#stdin()} and {@link ContainerProcess#stdout()}, as
     * with {@link Stdio#PIPED}. crun 1.8 drops what a program writes just before its end.
     */
    public Builder tty() {
      return tty(24, 80);
    }

    /** The same with another size to begin with; see {@link ContainerProcess#resize}. */
    public Builder tty(int rows, int columns) {
      tty = new ConsoleSize(rows, columns);
      stdio = Stdio.PIPED;
      return this;
    }

    /**
     * How long it may run, from its start on. Then it is killed, with its descendants and all else
     * that is in its session, and its status says {@link ExitStatus#timedOut}. What began a session
     * of its own and lost its parent before goes on. By default there is no limit.
     *
     * @throws RuncibleException INVALID_INPUT unless it is longer than nothing
     */
    public Builder timeout(Duration limit) {
      if (limit.isNegative() || limit.isZero()) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, "a time of " + limit + " is none to execute something in");
      }
      this.timeout = limit;
      return this;
    }

    /** The spec. */
    public ExecSpec build() {
      return new ExecSpec(this);
    }
  }
}
