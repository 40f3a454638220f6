package io.runcible.network;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.json.JsonTree;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A network configuration of the Container Network Interface (CNI specification, section 1): a list
 * of plugins, or the older form with one.
 *
 * @param name the name of the network
 * @param version the version of the specification that it is for
 * @param checks whether its plugins can be asked whether all is well
 * @param plugins their configurations, in order
 * @param text what was read
 */
record CniConfiguration(
    String name, String version, boolean checks, List<ObjectNode> plugins, String text) {

  /** Where other engines look, too. */
  private static final Path DIRECTORY = Path.of("/etc/cni/net.d");

  private static final Set<String> VERSIONS = Set.of("0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0");
  private static final Set<String> WITHOUT_CHECK = Set.of("0.3.0", "0.3.1");
  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}");
  private static final int MAX_PLUGINS = 32;
  private static final int MAX_SIZE = 48 << 10;

  CniConfiguration {
    plugins = List.copyOf(plugins);
  }

  /**
   * The configuration that a network stands for: a text, a file, or a name in the directory of the
   * host.
   */
  static CniConfiguration of(String source) {
    if (source.startsWith("{")) {
      return parse(source, "the CNI configuration");
    }
    return source.startsWith("/") ? read(Path.of(source)) : find(source, DIRECTORY);
  }

  private static CniConfiguration read(Path file) {
    try (InputStream stream = Files.newInputStream(file)) {
      String text = new String(stream.readNBytes(MAX_SIZE + 1), StandardCharsets.UTF_8);
      return parse(text, "'" + file + "'");
    } catch (NoSuchFileException e) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, "there is no CNI configuration '" + file + "'", e);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot read '" + file + "'", e);
    }
  }

  /** The first file, by its name, of a network of this name. */
  static CniConfiguration find(String name, Path directory) {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> all =
        Files.newDirectoryStream(directory, "*.{conflist,conf,json}")) {
      all.forEach(files::add);
    } catch (NoSuchFileException e) {
      // Nobody has put any there.
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot list '" + directory + "'", e);
    }
    files.sort(null);
    List<String> others = new ArrayList<>();
    for (Path file : files) {
      try {
        CniConfiguration found = read(file);
        if (found.name().equals(name)) {
          return found;
        }
        others.add(found.name());
      } catch (RuncibleException e) {
        // One that is broken is of no other network's concern.
        others.add(file.getFileName() + " (" + e.getMessage() + ")");
      }
    }
    throw new RuncibleException(
        ErrorKind.NOT_FOUND,
        "there is no CNI network '" + name + "' in '" + directory + "'; there are " + others);
  }

  static CniConfiguration parse(String text, String where) {
    if (text.length() > MAX_SIZE) {
      throw invalid(where, "it has more than " + MAX_SIZE + " bytes");
    }
    JsonNode json;
    try {
      json = JsonTree.read(text);
    } catch (JsonProcessingException e) {
      throw invalid(where, e.getOriginalMessage());
    }
    if (json == null || !json.isObject()) {
      throw invalid(where, "it is no JSON object");
    }
    String name = json.path("name").asText();
    if (!NAME.matcher(name).matches()) {
      throw invalid(where, "its name is '" + name + "'");
    }
    String version = json.path("cniVersion").asText();
    if (!VERSIONS.contains(version)) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          where + " is for version '" + version + "' of CNI; supported are " + VERSIONS);
    }
    boolean checks = !WITHOUT_CHECK.contains(version) && !json.path("disableCheck").asBoolean();
    return new CniConfiguration(name, version, checks, plugins(json, where), text);
  }

  private static List<ObjectNode> plugins(JsonNode json, String where) {
    List<ObjectNode> plugins = new ArrayList<>();
    JsonNode list = json.get("plugins");
    if (list == null) {
      plugins.add((ObjectNode) json);
    } else {
      for (JsonNode plugin : list) {
        if (!(plugin instanceof ObjectNode object)) {
          throw invalid(where, "one of its plugins is no object");
        }
        plugins.add(object);
      }
    }
    if (plugins.isEmpty() || plugins.size() > MAX_PLUGINS) {
      throw invalid(where, "it has " + plugins.size() + " plugins");
    }
    for (ObjectNode plugin : plugins) {
      String type = plugin.path("type").asText();
      if (!NAME.matcher(type).matches()) {
        throw invalid(where, "the type of a plugin is '" + type + "'");
      }
    }
    return plugins;
  }

  private static RuncibleException invalid(String where, String why) {
    return new RuncibleException(
        ErrorKind.INVALID_INPUT, where + " is no CNI configuration: " + why);
  }

  /** Whether one of its plugins publishes ports. */
  boolean publishes() {
    return plugins.stream().anyMatch(CniConfiguration::publishes);
  }

  static boolean publishes(ObjectNode plugin) {
    return plugin.path("capabilities").path("portMappings").asBoolean();
  }
}
