package io.runcible.runtime;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A program that the runtime runs at a moment of a container's life, with the container's state as
 * JSON on its input (config.md, "POSIX-platform Hooks"). Its failure is that of the container's
 * start, but for {@link Stage#POSTSTART} and {@link Stage#POSTSTOP}.
 *
 * @param stage when
 * @param program an absolute path; of the host, but for {@link Stage#START_CONTAINER}
 * @param arguments what it gets besides its name
 * @param environment its whole environment
 * @param timeout after which it is ended, whole seconds; zero for none
 */
public record Hook(
    Stage stage,
    String program,
    List<String> arguments,
    Map<String, String> environment,
    Duration timeout) {
  /** A moment of a container's life. */
  public enum Stage {
    /** When the namespaces are there, in those of the runtime. */
    CREATE_RUNTIME("createRuntime"),
    /** Then, in those of the container, before its root file system is entered. */
    CREATE_CONTAINER("createContainer"),
    /** Just before its program, in its root file system, with its privileges. */
    START_CONTAINER("startContainer"),
    /** When its program runs, in the namespaces of the runtime. */
    POSTSTART("poststart"),
    /** When it is removed, in the namespaces of the runtime. */
    POSTSTOP("poststop");

    private final String specName;

    Stage(String specName) {
      this.specName = specName;
    }

    String specName() {
      return specName;
    }
  }

  /**
   * Copies the collections and checks the values.
   *
   * @throws io.runcible.RuncibleException INVALID_INPUT for a relative path, a NUL character, a
   *     variable without a name or a timeout below a second
   */
  public Hook {
    SpecChecks.absolute(program, "program of a hook");
    arguments = List.copyOf(arguments);
    arguments.forEach(argument -> SpecChecks.text(argument, "argument of a hook"));
    environment = Map.copyOf(environment);
    environment.forEach((key, value) -> SpecChecks.environment(key + "=" + value));
    if (timeout.isNegative() || (!timeout.isZero() && timeout.toSeconds() < 1)) {
      throw SpecChecks.invalid("a hook cannot have a timeout of " + timeout);
    }
  }

  /** One with its arguments alone. */
  public static Hook of(Stage stage, String program, String... arguments) {
    return new Hook(stage, program, List.of(arguments), Map.of(), Duration.ZERO);
  }
}
