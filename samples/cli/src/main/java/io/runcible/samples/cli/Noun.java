package io.runcible.samples.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import java.util.function.BiPredicate;
import java.util.function.Function;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/**
 * A kind of things that an engine has by name, and the commands that are the same for each kind.
 *
 * @param name what one is called
 * @param find looks for one
 * @param remove removes one; false if there is none
 * @param prune removes those that are not used, and tells their names
 * @param show one for JSON
 */
record Noun<T>(
    String name,
    BiFunction<ContainerEngine, String, Optional<T>> find,
    BiPredicate<ContainerEngine, String> remove,
    Function<ContainerEngine, List<String>> prune,
    Function<T, Map<String, Object>> show) {

  private RuncibleException missing(String which) {
    return new RuncibleException(
        ErrorKind.NOT_FOUND, "there is no " + name + " '" + which + "'; see " + name + " ls");
  }

  private Map<String, Object> shown(ContainerEngine engine, String which) {
    return show.apply(find.apply(engine, which).orElseThrow(() -> missing(which)));
  }

  /** Shows some. */
  abstract static class Inspect implements Callable<Integer> {
    @Mixin private EngineOptions options = new EngineOptions();
    private final Noun<?> noun;

    @Parameters(arity = "1..*", paramLabel = "NAME")
    private List<String> names = List.of();

    Inspect(Noun<?> noun) {
      this.noun = noun;
    }

    @Override
    public Integer call() throws Exception {
      try (ContainerEngine engine = options.open()) {
        List<Map<String, Object>> shown =
            names.stream().map(name -> noun.shown(engine, name)).toList();
        System.out.println(
            new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(shown));
      }
      return 0;
    }
  }

  /** Tells whether there is one. */
  abstract static class Exists implements Callable<Integer> {
    @Mixin private EngineOptions options = new EngineOptions();
    private final BiFunction<ContainerEngine, String, ? extends Optional<?>> find;

    @Parameters(paramLabel = "NAME")
    private String name = "";

    Exists(BiFunction<ContainerEngine, String, ? extends Optional<?>> find) {
      this.find = find;
    }

    @Override
    public Integer call() {
      try (ContainerEngine engine = options.open()) {
        return find.apply(engine, name).isPresent() ? 0 : 1;
      }
    }
  }

  /** Removes some, and prints their names. */
  abstract static class Remove implements Callable<Integer> {
    @Mixin private EngineOptions options = new EngineOptions();
    private final Noun<?> noun;

    @Parameters(arity = "1..*", paramLabel = "NAME")
    private List<String> names = List.of();

    Remove(Noun<?> noun) {
      this.noun = noun;
    }

    @Override
    public Integer call() {
      try (ContainerEngine engine = options.open()) {
        for (String name : names) {
          if (!noun.remove.test(engine, name)) {
            throw noun.missing(name);
          }
          System.out.println(name);
        }
      }
      return 0;
    }
  }

  /** Removes the unused ones. */
  abstract static class Prune implements Callable<Integer> {
    @Mixin private EngineOptions options = new EngineOptions();
    private final Noun<?> noun;

    Prune(Noun<?> noun) {
      this.noun = noun;
    }

    @Override
    public Integer call() {
      try (ContainerEngine engine = options.open()) {
        noun.prune.apply(engine).forEach(System.out::println);
      }
      return 0;
    }
  }
}
