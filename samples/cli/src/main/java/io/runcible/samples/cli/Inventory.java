package io.runcible.samples.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import java.util.ArrayList;
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

  /** All of them. */
  abstract List<T> list(ContainerEngine engine);

  abstract String nameOf(T one);

  abstract Map<String, String> labelsOf(T one);

  abstract boolean isUsed(T one);

  /** Removes those that are not used, and tells their names. */
  abstract List<String> prune(ContainerEngine engine);

  /**
   * Those that are meant.
   *
   * @param driver the one that there is
   */
  final List<T> list(ContainerEngine engine, List<String> filters, String driver) {
    List<Map.Entry<String, String>> rules = Filters.split(filters);
    return list(engine).stream()
        .filter(one -> rules.stream().allMatch(rule -> meets(one, rule, driver)))
        .toList();
  }

  private boolean meets(T one, Map.Entry<String, String> rule, String driver) {
    return switch (rule.getKey()) {
      case "name" -> nameOf(one).contains(rule.getValue());
      case "label" -> Filters.hasLabel(labelsOf(one), rule.getValue());
      case "dangling" -> isUsed(one) != Filters.flag(rule);
      case "driver" -> driver.equals(rule.getValue());
      default -> throw Filters.unknown(rule.getKey(), "name, label, dangling, driver");
    };
  }

  private List<String> prune(ContainerEngine engine, List<String> filters) {
    if (filters.isEmpty()) {
      return prune(engine);
    }
    Filters.split(filters).stream()
        .filter(rule -> !rule.getKey().equals("label"))
        .findFirst()
        .ifPresent(
            rule -> {
              throw Filters.unknown(rule.getKey(), "label");
            });
    List<String> removed = new ArrayList<>();
    for (T one : list(engine, filters, "")) {
      if (!isUsed(one) && removeUnused(engine, nameOf(one))) {
        removed.add(nameOf(one));
      }
    }
    return removed;
  }

  /** Not one that somebody uses by now. */
  private boolean removeUnused(ContainerEngine engine, String name) {
    try {
      return remove(engine, name);
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.FAILED_PRECONDITION) {
        throw e;
      }
      return false;
    }
  }

  /** One for JSON. */
  abstract Map<String, Object> show(T one);

  private JsonNode shown(ContainerEngine engine, String name) {
    return lookFor(engine, name).orElseThrow(() -> missing(name));
  }

  /** One as it is shown. */
  final Optional<JsonNode> lookFor(ContainerEngine engine, String name) {
    return find(engine, name).map(one -> new ObjectMapper().valueToTree(show(one)));
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
    @Option(
        names = {"-f", "--format"},
        paramLabel = "FORMAT",
        description = "json, or a text with {{.Name}} in it, a line for each; {{json .}} is all.")
    private @Nullable String format;

    @Parameters(arity = "1..*", paramLabel = "NAME")
    private List<String> names = List.of();

    @Override
    int run(ContainerEngine engine) {
      Document.print(names.stream().map(name -> inventory().shown(engine, name)).toList(), format);
      return 0;
    }
  }

  /** Removes some, and prints their names. */
  @Command(name = "rm", aliases = "remove", description = "Remove ${PARENT-COMMAND-NAME}s.")
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

    @Option(
        names = "--filter",
        paramLabel = "label=KEY[=VALUE]",
        description = "Of those with this label.")
    private List<String> filters = List.of();

    @Option(
        names = {"-a", "--all"},
        description = "Accepted: it is all of them anyway.")
    @SuppressWarnings("UnusedVariable")
    private boolean all;

    @Override
    final int run(ContainerEngine engine) {
      inventory().prune(engine, filters).forEach(System.out::println);
      return 0;
    }
  }
}
