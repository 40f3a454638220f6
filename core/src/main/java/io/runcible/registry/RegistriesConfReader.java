package io.runcible.registry;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlFactory;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import io.runcible.json.JsonTree;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads one registries.conf of version 2, strictly: what is not known, or stands there twice, is an
 * error that names the file, as an option that is overlooked might be one that forbids something.
 */
final class RegistriesConfReader {
  private static final Set<String> GLOBAL =
      Set.of(
          "unqualified-search-registries",
          "credential-helpers",
          "additional-layer-store-auth-helper",
          "short-name-mode",
          "registry",
          "aliases");
  private static final Set<String> REGISTRY =
      Set.of("prefix", "location", "insecure", "blocked", "mirror-by-digest-only", "mirror");
  private static final Set<String> MIRROR = Set.of("location", "insecure", "pull-from-mirror");
  private static final Set<String> MODES = Set.of("", "enforcing", "permissive", "disabled");

  /** Without the mapper, of which the first one takes a fresh JVM tens of milliseconds. */
  private static final TomlFactory TOML = new TomlFactory();

  private final Path path;

  private RegistriesConfReader(Path path) {
    this.path = path;
  }

  /**
   * Reads a file.
   *
   * @throws RuncibleException INVALID_INPUT when it is malformed or of version 1, NOT_FOUND when it
   *     is not there, FAILED_PRECONDITION when it cannot be read
   */
  static RegistriesConf read(Path path) {
    return new RegistriesConfReader(path).parse(ConfigurationFiles.read(path));
  }

  private RegistriesConf parse(byte[] raw) {
    JsonNode root;
    try {
      root = JsonTree.document(TOML.createParser(raw));
    } catch (JacksonException e) {
      int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
      throw invalid("line " + line + " is not TOML: " + e.getOriginalMessage());
    } catch (IOException e) {
      throw invalid("it is not TOML: " + e.getMessage());
    }
    if (root.has("registries")) {
      throw invalid(
          "it is in version 1 of the format ([registries.search] and the like), which is not read;"
              + " write unqualified-search-registries and [[registry]] as in version 2");
    }
    onlyKnown(root, GLOBAL, "at the top");
    if (!MODES.contains(text(root, "short-name-mode", "at the top").orElse(""))) {
      throw invalid("'short-name-mode' is none of enforcing, permissive and disabled");
    }
    return new RegistriesConf(
        tables(root.path("registry")),
        aliases(root.path("aliases")),
        texts(root, "unqualified-search-registries"),
        texts(root, "credential-helpers"));
  }

  private Map<String, RegistryTable> tables(JsonNode array) {
    Map<String, RegistryTable> tables = new LinkedHashMap<>();
    if (!array.isMissingNode() && !array.isArray()) {
      throw invalid("'registry' is not written as [[registry]]");
    }
    for (JsonNode node : array) {
      RegistryTable table = table(node);
      if (tables.put(table.prefix(), table) != null) {
        throw invalid("the prefix '" + table.prefix() + "' comes twice");
      }
    }
    return tables;
  }

  private RegistryTable table(JsonNode node) {
    onlyKnown(node, REGISTRY, "in a [[registry]]");
    Optional<String> location = location(node, "in a [[registry]]");
    String prefix =
        text(node, "prefix", "in a [[registry]]")
            .filter(text -> !text.isEmpty())
            .map(this::prefix)
            .or(() -> location)
            .orElseThrow(() -> invalid("a [[registry]] has neither a prefix nor a location"));
    String where = "in the [[registry]] of '" + prefix + "'";
    if (location.isEmpty() && !RegistryTable.isWildcard(prefix)) {
      throw invalid("there is no 'location' " + where);
    }
    boolean byDigest = flag(node, "mirror-by-digest-only", where).orElse(false);
    return new RegistryTable(
        prefix,
        location,
        flag(node, "insecure", where),
        flag(node, "blocked", where).orElse(false),
        mirrors(node.path("mirror"), byDigest, where),
        path);
  }

  private List<RegistryTable.Mirror> mirrors(JsonNode array, boolean byDigest, String where) {
    List<RegistryTable.Mirror> mirrors = new ArrayList<>();
    if (!array.isMissingNode() && !array.isArray()) {
      throw invalid("'mirror' is not written as [[registry.mirror]] " + where);
    }
    for (JsonNode node : array) {
      onlyKnown(node, MIRROR, "in a mirror " + where);
      String location =
          location(node, "in a mirror " + where)
              .orElseThrow(() -> invalid("a mirror has no location " + where));
      String use = text(node, "pull-from-mirror", where).orElse("");
      if (byDigest && !use.isEmpty()) {
        throw invalid("'pull-from-mirror' contradicts 'mirror-by-digest-only' " + where);
      }
      mirrors.add(
          new RegistryTable.Mirror(
              location,
              flag(node, "insecure", where),
              byDigest ? RegistryTable.Use.DIGEST_ONLY : use(use, where)));
    }
    return mirrors;
  }

  private RegistryTable.Use use(String text, String where) {
    return switch (text) {
      case "", "all" -> RegistryTable.Use.ALL;
      case "digest-only" -> RegistryTable.Use.DIGEST_ONLY;
      case "tag-only" -> RegistryTable.Use.TAG_ONLY;
      default ->
          throw invalid("'pull-from-mirror' is none of all, digest-only and tag-only " + where);
    };
  }

  private Optional<String> location(JsonNode node, String where) {
    return text(node, "location", where).filter(text -> !text.isEmpty()).map(this::location);
  }

  private String location(String text) {
    String name = checkedName("location", text);
    if (name.indexOf('/') >= 0 && hasTagOrDigest(name)) {
      throw invalid("the location '" + shown(text) + "' has a tag or a digest");
    }
    return name;
  }

  private String prefix(String text) {
    if (!RegistryTable.isWildcard(text)) {
      return checkedName("prefix", text);
    }
    // A host with a part for the asterisk, so that one without a dot after it is one, too.
    String host = checkedName("prefix", "any" + text.substring(1));
    if (host.indexOf('/') >= 0 || host.indexOf(':') >= 0) {
      throw invalid("the prefix '" + shown(text) + "' has more than a host after its '*'");
    }
    return "*" + host.substring("any".length());
  }

  /** A registry, or that with a part of a repository; the host in lower case. */
  private String checkedName(String what, String text) {
    String name = text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
    int slash = name.indexOf('/');
    String host = (slash < 0 ? name : name.substring(0, slash)).toLowerCase(Locale.ROOT);
    try {
      ImageReference parsed = ImageReference.parse(slash < 0 ? host + "/x" : name);
      boolean docker = host.equals("docker.io") || host.equals("index.docker.io");
      if (parsed.registry().equals(host) || docker) {
        return parsed.registry() + (slash < 0 ? "" : name.substring(slash));
      }
    } catch (RuncibleException e) {
      throw invalid("the " + what + " '" + shown(text) + "' is none: " + e.getMessage());
    }
    throw invalid(
        "the " + what + " '" + shown(text) + "' does not begin with a registry, host[:port]");
  }

  private Map<String, String> aliases(JsonNode table) {
    Map<String, String> aliases = new LinkedHashMap<>();
    if (!table.isMissingNode() && !table.isObject()) {
      throw invalid("'aliases' is not a table");
    }
    for (Map.Entry<String, JsonNode> alias : table.properties()) {
      String name = alias.getKey();
      if (!alias.getValue().isTextual()) {
        throw invalid("the alias '" + shown(name) + "' is not text");
      }
      String value = alias.getValue().textValue();
      if (!ShortNames.isShort(name) || hasTagOrDigest(name)) {
        throw invalid("the alias '" + shown(name) + "' is not a short name without a tag");
      }
      aliases.put(name, value.isEmpty() ? value : fullName(name, value));
    }
    return aliases;
  }

  private String fullName(String alias, String value) {
    if (ShortNames.isShort(value) || hasTagOrDigest(value)) {
      throw invalid(
          "the alias '" + shown(alias) + "' does not stand for a full name without a tag");
    }
    try {
      return ImageReference.parse(value).name();
    } catch (RuncibleException e) {
      throw invalid("the alias '" + shown(alias) + "' stands for no name: " + e.getMessage());
    }
  }

  private static boolean hasTagOrDigest(String name) {
    return name.indexOf('@') >= 0 || name.lastIndexOf(':') > name.lastIndexOf('/');
  }

  private Optional<List<String>> texts(JsonNode node, String field) {
    JsonNode array = node.path(field);
    if (array.isMissingNode()) {
      return Optional.empty();
    }
    List<String> texts = new ArrayList<>();
    for (JsonNode entry : array) {
      texts.add(entry.isTextual() ? entry.textValue() : "");
    }
    if (!array.isArray() || texts.contains("")) {
      throw invalid("'" + field + "' is not a list of texts");
    }
    return Optional.of(List.copyOf(texts));
  }

  private Optional<String> text(JsonNode node, String field, String where) {
    JsonNode value = node.path(field);
    if (!value.isMissingNode() && !value.isTextual()) {
      throw invalid("'" + field + "' is not text " + where);
    }
    return Optional.ofNullable(value.textValue());
  }

  private Optional<Boolean> flag(JsonNode node, String field, String where) {
    @Nullable JsonNode value = node.get(field);
    if (value == null) {
      return Optional.empty();
    }
    if (!value.isBoolean()) {
      throw invalid("'" + field + "' is neither true nor false " + where);
    }
    return Optional.of(value.booleanValue());
  }

  private void onlyKnown(JsonNode node, Set<String> known, String where) {
    if (!node.isObject()) {
      throw invalid("there is no table " + where);
    }
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      if (!known.contains(field.getKey())) {
        throw invalid("'" + shown(field.getKey()) + "' is not known " + where);
      }
    }
  }

  private static String shown(String text) {
    return ForeignText.shown(text, 100);
  }

  private RuncibleException invalid(String reason) {
    return ConfigurationFiles.invalid(path, reason);
  }
}
