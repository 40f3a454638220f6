package io.runcible.samples.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** A kind of things that an engine keeps by name, and the commands that are the same for each. */
abstract class Inventory<T> implements Noun {
  /** What one is called. */
  private final String word;

  Inventory(String word) {
    this.word = word;
  }

  @Override
  public abstract Optional<T> find(ContainerEngine engine, String name);

  /** Removes one; false if there is none. */
  abstract boolean remove(ContainerEngine engine, String name);

  /** Removes those that are not used, and tells their names. */
  abstract List<String> prune(ContainerEngine engine);

  /** One for JSON. */
  abstract Map<String, Object> show(T one);

  private Map<String, Object> shown(ContainerEngine engine, String name) {
    return show(find(engine, name).orElseThrow(() -> missing(name)));
  }

  private RuncibleException missing(String name) {
    return new RuncibleException(
        ErrorKind.NOT_FOUND, "there is no " + word + " '" + name + "'; see " + word + " ls");
  }

  /** A command for what its parent is an inventory of. */
  abstract static class Verb extends EngineCommand {
    @ParentCommand private @Nullable Inventory<?> parent;

    final Inventory<?> inventory() {
      return Objects.requireNonNull(parent);
    }
  }

  /** Shows some. */
  @Command(name = "inspect", description = "Show ${PARENT-COMMAND-NAME}s as JSON.")
  static final class Inspect extends Verb {
    @Parameters(arity = "1..*", paramLabel = "NAME")
    private List<String> names = List.of();

    @Override
    int run(ContainerEngine engine) throws Exception {
      List<Map<String, Object>> shown =
          names.stream().map(name -> inventory().shown(engine, name)).toList();
      System.out.println(
          new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(shown));
      return 0;
    }
  }

  /** Removes some, and prints their names. */
  @Command(name = "rm", description = "Remove ${PARENT-COMMAND-NAME}s.")
  static final class Remove extends Verb {
    @Option(
        names = {"-f", "--force"},
        description = "One that is not there is no failure.")
    private boolean force;

    @Parameters(arity = "1..*", paramLabel = "NAME")
    private List<String> names = List.of();

    @Override
    int run(ContainerEngine engine) {
      for (String name : names) {
        if (inventory().remove(engine, name)) {
          System.out.println(name);
        } else if (!force) {
          throw inventory().missing(name);
        }
      }
      return 0;
    }
  }

  /** Removes the unused ones. */
  abstract static class Prune extends Verb {
    @SuppressWarnings("UnusedVariable")
    @Mixin
    private Force force = new Force();

    @Override
    final int run(ContainerEngine engine) {
      inventory().prune(engine).forEach(System.out::println);
      return 0;
    }
  }
}
