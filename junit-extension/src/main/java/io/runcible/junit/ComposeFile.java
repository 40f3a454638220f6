package io.runcible.junit;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.representer.Representer;
import org.yaml.snakeyaml.resolver.Resolver;

/** The services of a Compose file. What is not supported is refused by its name. */
final class ComposeFile {
  private static final Set<String> TOP =
      Set.of("version", "name", "services", "networks", "volumes");

  private ComposeFile() {}

  /**
   * Reads a file.
   *
   * @param directory that paths in it are relative to; empty where it has none
   * @param variables the values of {@code ${NAME}}
   * @param volumes makes a volume of the file, and says its name in the engine
   */
  static List<ComposeService> parse(
      String document,
      Optional<Path> directory,
      Function<String, @Nullable String> variables,
      UnaryOperator<String> volumes) {
    ComposeNode root = new ComposeNode("", load(document), variables);
    Map<String, ComposeNode> top = root.map(TOP);
    Set<String> networks = declared(top.get("networks"), "bridge");
    networks.add("default");
    ComposeVolumes named =
        new ComposeVolumes(declared(top.get("volumes"), "local"), directory, volumes);
    Map<String, ComposeService> services = new LinkedHashMap<>();
    ComposeNode declared = top.get("services");
    if (declared == null) {
      throw root.refused("there are no services");
    }
    declared
        .map()
        .forEach(
            (name, node) -> services.put(name, new ComposeService(name, node, networks, named)));
    for (ComposeService service : services.values()) {
      service.healthyOnes().stream()
          .map(services::get)
          .filter(one -> one != null)
          .forEach(ComposeService::requireHealth);
    }
    return new ArrayList<>(services.values());
  }

  /** The names of networks or volumes, of which there is one kind. */
  private static Set<String> declared(@Nullable ComposeNode declared, String kind) {
    Set<String> names = new HashSet<>();
    if (declared != null) {
      declared
          .map()
          .forEach(
              (name, node) -> {
                ComposeNode driver = node.map(Set.of("driver")).get("driver");
                if (driver != null && !driver.text().equals(kind)) {
                  throw driver.refused("'" + driver.text() + "' is not supported, but " + kind);
                }
                names.add(name);
              });
    }
    return names;
  }

  private static @Nullable Object load(String document) {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    DumperOptions unused = new DumperOptions();
    try {
      return new Yaml(
              new SafeConstructor(options), new Representer(unused), unused, options, new Texts())
          .load(document);
    } catch (YAMLException e) {
      throw new ExtensionConfigurationException(
          "the Compose file is not YAML: " + e.getMessage(), e);
    }
  }

  /** Takes scalars for what they are, as 22:22 and 1.10. */
  private static final class Texts extends Resolver {
    @Override
    protected void addImplicitResolvers() {
      addImplicitResolver(Tag.NULL, NULL, "~nN\0");
      addImplicitResolver(Tag.NULL, EMPTY, null);
      addImplicitResolver(Tag.MERGE, MERGE, "<");
    }
  }
}
