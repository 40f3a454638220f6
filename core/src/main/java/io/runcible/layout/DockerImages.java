package io.runcible.layout;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Manifest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The file {@code manifest.json} of an archive that {@code docker save} wrote: which files of the
 * archive make which image.
 */
final class DockerImages {
  static final String FILE = "manifest.json";

  private static final int MAX_IMAGES = 10_000;

  /** Of all images together. */
  private static final int MAX_LAYERS = 100_000;

  private static final int MAX_NESTING = 16;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(MAX_NESTING).build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .build();

  private DockerImages() {}

  /**
   * One image.
   *
   * @param config the file with its configuration
   * @param tags its references
   * @param layers the files with its layers, the lowest first
   */
  record Item(String config, List<String> tags, List<String> layers) {}

  static List<Item> parse(byte[] raw, String where) {
    try {
      JsonNode document = MAPPER.readTree(raw);
      if (!(document instanceof ArrayNode array)) {
        throw invalid(where, "is not a JSON array");
      }
      if (array.size() > MAX_IMAGES) {
        throw invalid(where, "has more than " + MAX_IMAGES + " images");
      }
      List<Item> items = new ArrayList<>();
      int layers = 0;
      for (JsonNode node : array) {
        Item item = item(node, where);
        items.add(item);
        layers += item.layers().size();
        if (item.layers().size() > Manifest.MAX_LAYERS || layers > MAX_LAYERS) {
          throw invalid(where, "has too many layers");
        }
      }
      return items;
    } catch (JsonProcessingException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, where + " is not valid JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot read " + where, e);
    }
  }

  private static Item item(JsonNode node, String where) {
    String config = node.path("Config").asText("");
    if (config.isEmpty()) {
      throw invalid(where, "has an image without 'Config'");
    }
    return new Item(
        config,
        texts(node, "RepoTags", where).stream().map(ImageEntries::expanded).toList(),
        texts(node, "Layers", where));
  }

  private static List<String> texts(JsonNode node, String field, String where) {
    JsonNode value = node.path(field);
    if (value.isMissingNode() || value.isNull()) {
      return List.of();
    }
    List<String> texts = new ArrayList<>();
    for (JsonNode element : value) {
      if (!element.isTextual()) {
        throw invalid(where, "has something else than text in '" + field + "'");
      }
      texts.add(element.textValue());
    }
    if (!value.isArray()) {
      throw invalid(where, "has a field '" + field + "' that is no array");
    }
    return List.copyOf(texts);
  }

  private static RuncibleException invalid(String where, String reason) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, where + " " + reason);
  }

  static byte[] write(List<Item> items) throws IOException {
    ArrayNode array = MAPPER.createArrayNode();
    for (Item item : items) {
      ObjectNode node = array.addObject().put("Config", item.config());
      item.tags().forEach(node.putArray("RepoTags")::add);
      item.layers().forEach(node.putArray("Layers")::add);
    }
    return MAPPER.writeValueAsBytes(array);
  }
}
