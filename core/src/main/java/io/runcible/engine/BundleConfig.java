package io.runcible.engine;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.json.JsonTree;
import io.runcible.runtime.Bundle;
import io.runcible.runtime.Capability;
import io.runcible.runtime.RuntimeSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;

/** What the runtime's configuration of a container says, also of one that another engine made. */
final class BundleConfig {
  private static final String PROCESS = "process";

  private final JsonNode config;

  private BundleConfig(JsonNode config) {
    this.config = config;
  }

  static BundleConfig read(ContainerDirectory directory) {
    Bundle bundle = new Bundle(directory.path());
    try {
      JsonNode config = JsonTree.read(Files.readAllBytes(bundle.config()));
      if (!config.isObject()) {
        throw new IOException("it is no JSON object");
      }
      return new BundleConfig(config);
    } catch (IOException e) {
      throw unreadable(bundle.config(), e);
    }
  }

  /** The first process alone, without what comes after it, which is most of the file. */
  static ObjectNode process(ContainerDirectory directory) {
    Path file = new Bundle(directory.path()).config();
    try (JsonParser parser = JsonTree.parser(Files.readAllBytes(file))) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean found = parser.currentName().equals(PROCESS);
        parser.nextToken();
        if (found && JsonTree.value(parser) instanceof ObjectNode process) {
          return process;
        }
        parser.skipChildren();
      }
      throw withoutProcess();
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /** The first process. */
  private ObjectNode process() {
    if (config.get(PROCESS) instanceof ObjectNode process) {
      return process;
    }
    throw withoutProcess();
  }

  private static RuncibleException withoutProcess() {
    return new RuncibleException(
        ErrorKind.CORRUPT_DATA, "the configuration of the container has no process");
  }

  private static RuncibleException unreadable(Path file, IOException cause) {
    return new RuncibleException(ErrorKind.CORRUPT_DATA, "cannot read '" + file + "'", cause);
  }

  List<String> command() {
    return ReapingInit.without(words(process().path("args")));
  }

  boolean readOnlyRoot() {
    return config.at("/root/readonly").asBoolean();
  }

  /** Whether a container joins a namespace; not if its configuration cannot be read. */
  static boolean joins(ContainerDirectory directory, Path namespace) {
    try {
      for (JsonNode one : read(directory).config.at("/linux/namespaces")) {
        if (one.path("path").asText().equals(namespace.toString())) {
          return true;
        }
      }
      return false;
    } catch (RuncibleException e) {
      return false;
    }
  }

  /** Where something is mounted. */
  List<String> mountPoints() {
    List<String> points = new ArrayList<>();
    config.path("mounts").forEach(mount -> points.add(mount.path("destination").asText()));
    return points;
  }

  /** What is mounted from the host, by where, in the order of the mounts. */
  Map<String, Path> sources() {
    Map<String, Path> sources = new LinkedHashMap<>();
    config
        .path("mounts")
        .forEach(
            mount ->
                sources.put(
                    mount.path("destination").asText(), Path.of(mount.path("source").asText())));
    return sources;
  }

  Map<String, String> annotations() {
    Map<String, String> annotations = new LinkedHashMap<>();
    config
        .path("annotations")
        .properties()
        .forEach(entry -> annotations.put(entry.getKey(), entry.getValue().asText()));
    return annotations;
  }

  /** How the container was set up. */
  ContainerSetup setup(ContainerRecord record) {
    ObjectNode process = process();
    JsonNode user = process.path("user");
    Set<Capability> capabilities = EnumSet.noneOf(Capability.class);
    words(process.at("/capabilities/bounding")).forEach(c -> capabilities.add(Capability.parse(c)));
    List<Integer> groups = new ArrayList<>();
    user.path("additionalGids").forEach(gid -> groups.add(gid.asInt()));
    return new ContainerSetup(
        environment(process),
        user.path("uid").asInt(),
        user.path("gid").asInt(),
        groups,
        process.path("cwd").asText(),
        process.path("terminal").asBoolean(),
        record.hostname(),
        record.stopSignal(),
        record.options().stopTimeout(),
        mounts(),
        readOnlyRoot(),
        capabilities,
        process.path("noNewPrivileges").asBoolean(),
        config.at("/linux/seccomp").isObject(),
        Optional.of(process.path("apparmorProfile").asText()).filter(name -> !name.isEmpty()));
  }

  private static Map<String, String> environment(ObjectNode process) {
    Map<String, String> environment = new LinkedHashMap<>();
    for (String variable : words(process.path("env"))) {
      int equals = variable.indexOf('=');
      if (equals > 0) {
        environment.put(variable.substring(0, equals), variable.substring(equals + 1));
      }
    }
    return environment;
  }

  private List<RuntimeSpec.Mount> mounts() {
    List<RuntimeSpec.Mount> mounts = new ArrayList<>();
    config
        .path("mounts")
        .forEach(
            mount ->
                mounts.add(
                    new RuntimeSpec.Mount(
                        mount.path("destination").asText(),
                        mount.path("type").asText(),
                        mount.path("source").asText(),
                        words(mount.path("options")))));
    return mounts;
  }

  private static List<String> words(JsonNode array) {
    List<String> words = new ArrayList<>();
    array.forEach(word -> words.add(word.asText()));
    return words;
  }

  Limits limits() {
    JsonNode resources = config.at("/linux/resources");
    OptionalLong quota = number(resources.at("/cpu/quota"));
    OptionalLong period = number(resources.at("/cpu/period"));
    return new Limits(
        number(resources.at("/memory/limit")),
        quota.isPresent() && period.isPresent()
            ? OptionalDouble.of((double) quota.getAsLong() / period.getAsLong())
            : OptionalDouble.empty(),
        number(resources.at("/pids/limit")));
  }

  private static OptionalLong number(JsonNode node) {
    return node.isNumber() ? OptionalLong.of(node.asLong()) : OptionalLong.empty();
  }
}
