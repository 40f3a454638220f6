package io.runcible.layout;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What images and layers a containers storage says that it has. */
final class StorageRecords {
  private static final String IMAGES = "overlay-images/images.json";
  private static final List<String> LAYERS =
      List.of("overlay-layers/layers.json", "overlay-layers/volatile-layers.json");

  private static final long MAX_SIZE = 64L * 1024 * 1024;
  private static final int MAX_TEXT = 1024 * 1024;
  private static final int MAX_RECORDS = 100_000;
  private static final int MAX_NESTING = 16;

  /** Ids become parts of paths. */
  private static final Pattern ID = Pattern.compile("[0-9a-f]{64}");

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_NESTING)
                  .maxStringLength(MAX_TEXT)
                  .maxDocumentLength(MAX_SIZE)
                  .build())
          .build();

  private final StorageFiles files;

  StorageRecords(StorageFiles files) {
    this.files = files;
  }

  /**
   * An image.
   *
   * @param digest of its manifest; empty when nothing is said
   * @param layer the id of the topmost layer; empty for an image without layers
   * @param documents the names of its manifests and of what else is stored beside it
   */
  record StoredImage(
      String id, String digest, List<String> names, String layer, List<String> documents) {
    /** Whether this is the digest of one of its manifests. */
    boolean hasDigest(String wanted) {
      return digest.equals(wanted) || documents.contains("manifest-" + wanted);
    }
  }

  /**
   * A layer.
   *
   * @param parent the id of the layer below; empty for the lowest
   * @param diffId the digest of its archive; empty when nothing is said
   * @param size of the archive; negative when nothing is said
   */
  record StoredLayer(String id, String parent, String diffId, long size) {}

  /**
   * Reads the images.
   *
   * @throws NoSuchFileException when there is no list of them
   */
  List<StoredImage> images() throws IOException {
    List<StoredImage> images = new ArrayList<>();
    for (Fields fields : read(IMAGES)) {
      images.add(
          new StoredImage(
              fields.id("id"),
              fields.text("digest"),
              fields.texts("names"),
              fields.id("layer"),
              fields.texts("big-data-names")));
    }
    return images;
  }

  /** Reads the layers, by their ids. */
  Map<String, StoredLayer> layers() throws IOException {
    Map<String, StoredLayer> layers = new HashMap<>();
    for (String file : LAYERS) {
      if (files.has(file)) {
        for (Fields fields : read(file)) {
          StoredLayer layer =
              new StoredLayer(
                  fields.id("id"), fields.id("parent"), fields.text("diff-digest"), fields.size);
          layers.putIfAbsent(layer.id(), layer);
        }
      }
    }
    return layers;
  }

  private List<Fields> read(String file) throws IOException {
    String where = files.where(file);
    List<Fields> records = new ArrayList<>();
    try (InputStream in = files.open(file);
        JsonParser parser = JSON.createParser(in)) {
      JsonToken first = parser.nextToken();
      if (first == JsonToken.VALUE_NULL) {
        return records;
      }
      if (first != JsonToken.START_ARRAY) {
        throw invalid(where, "is not a JSON array");
      }
      while (parser.nextToken() == JsonToken.START_OBJECT) {
        records.add(Fields.read(parser, where));
        if (records.size() > MAX_RECORDS) {
          throw invalid(where, "has more than " + MAX_RECORDS + " records");
        }
      }
      if (parser.currentToken() != JsonToken.END_ARRAY) {
        throw invalid(where, "has something else than JSON objects");
      }
      return records;
    } catch (JsonProcessingException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, where + " is not valid JSON: " + e.getOriginalMessage(), e);
    }
  }

  private static RuncibleException invalid(String where, String reason) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, where + " " + reason);
  }

  /** Those fields of a record that somebody asks for. */
  private static final class Fields {
    private static final List<String> TEXTS =
        List.of("id", "digest", "layer", "parent", "diff-digest");
    private static final List<String> LISTS = List.of("names", "big-data-names");

    private final String where;
    private final Map<String, String> texts = new HashMap<>();
    private final Map<String, List<String>> lists = new HashMap<>();
    private long size = -1;

    private Fields(String where) {
      this.where = where;
    }

    static Fields read(JsonParser parser, String where) throws IOException {
      Fields fields = new Fields(where);
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        JsonToken value = parser.nextToken();
        if (TEXTS.contains(name) && value == JsonToken.VALUE_STRING) {
          fields.texts.put(name, parser.getText());
        } else if (LISTS.contains(name) && value == JsonToken.START_ARRAY) {
          fields.lists.put(name, fields.list(parser));
        } else if (name.equals("diff-size") && value == JsonToken.VALUE_NUMBER_INT) {
          fields.size = parser.getLongValue();
        } else {
          parser.skipChildren();
        }
      }
      return fields;
    }

    private List<String> list(JsonParser parser) throws IOException {
      List<String> list = new ArrayList<>();
      while (parser.nextToken() == JsonToken.VALUE_STRING) {
        list.add(parser.getText());
      }
      if (parser.currentToken() != JsonToken.END_ARRAY) {
        throw invalid(where, "has something else than text in a list");
      }
      return list;
    }

    String text(String name) {
      @Nullable String text = texts.get(name);
      return text == null ? "" : text;
    }

    List<String> texts(String name) {
      return lists.getOrDefault(name, List.of());
    }

    String id(String name) {
      String id = text(name);
      boolean optional = !name.equals("id");
      if (!(optional && id.isEmpty()) && !ID.matcher(id).matches()) {
        throw invalid(where, "has the " + name + " " + TarMembers.shown(id) + ", which is no id");
      }
      return id;
    }
  }
}
