package io.runcible.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The process of an exec: the container's first process with another command, so that limits,
 * capabilities and environment are the same, also for a container that another engine made.
 */
final class ExecProcess {
  private ExecProcess() {}

  static ObjectNode of(EngineParts parts, ContainerDirectory directory, IdMaps ids, ExecSpec spec) {
    ObjectNode process = BundleConfig.process(directory);
    strings(process.putArray("args"), spec.command());
    process.remove("consoleSize");
    process.put("terminal", spec.tty().isPresent());
    spec.tty()
        .ifPresent(
            size -> {
              ObjectNode console = process.putObject("consoleSize");
              console.put("height", size.rows()).put("width", size.columns());
              environment(process, Map.of("TERM", RuntimeSpecs.TERMINAL));
            });
    spec.workingDirectory().ifPresent(cwd -> process.put("cwd", cwd));
    spec.user()
        .ifPresent(
            name -> {
              UserLookup.Identity user =
                  UserLookup.find(parts.host(), parts.host().visible(directory.rootfs()), name);
              ids.require(user);
              user(process, user);
              environment(process, Map.of("HOME", user.home()));
            });
    environment(process, spec.environment());
    return process;
  }

  /**
   * Where the kernel is to look for its program, one after the other, as its PATH has them.
   *
   * @return empty if that is for the runtime to say
   */
  static List<String> paths(ObjectNode process) {
    List<String> words = words(process.path("args"));
    List<String> environment = words(process.path("env"));
    String program = words.isEmpty() ? "" : words.get(0);
    // A runtime adds one that is missing, or empty.
    boolean known =
        environment.stream().anyMatch(one -> one.startsWith("HOME=") && !one.equals("HOME="));
    if (program.isEmpty() || !known) {
      return List.of();
    }
    if (program.contains("/")) {
      return List.of(program);
    }
    List<String> directories =
        environment.stream()
            .filter(variable -> variable.startsWith("PATH="))
            .flatMap(variable -> Stream.of(variable.substring("PATH=".length()).split(":", -1)))
            .toList();
    // The runtimes do not all take those that are relative.
    boolean absolute = directories.stream().allMatch(directory -> directory.startsWith("/"));
    return absolute
        ? directories.stream().map(directory -> directory + "/" + program).toList()
        : List.of();
  }

  static List<String> words(JsonNode array) {
    List<String> words = new ArrayList<>();
    array.forEach(word -> words.add(word.asText()));
    return words;
  }

  private static void environment(ObjectNode process, Map<String, String> added) {
    Map<String, String> environment = new LinkedHashMap<>();
    for (JsonNode entry : process.path("env")) {
      String[] pair = entry.asText().split("=", 2);
      environment.put(pair[0], pair.length > 1 ? pair[1] : "");
    }
    environment.putAll(added);
    strings(
        process.putArray("env"),
        environment.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList());
  }

  private static void user(ObjectNode process, UserLookup.Identity identity) {
    ObjectNode user = process.putObject("user");
    user.put("uid", identity.uid());
    user.put("gid", identity.gid());
    ArrayNode groups = user.putArray("additionalGids");
    identity.groups().forEach(groups::add);
    if (process.get("capabilities") instanceof ObjectNode sets) {
      for (String set : List.of("effective", "permitted")) {
        ArrayNode granted = sets.putArray(set);
        if (identity.uid() == 0) {
          sets.path("bounding").forEach(granted::add);
        }
      }
    }
  }

  private static void strings(ArrayNode array, List<String> values) {
    values.forEach(array::add);
  }
}
