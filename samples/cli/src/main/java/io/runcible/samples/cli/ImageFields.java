package io.runcible.samples.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.store.ImageRecord;
import io.runcible.store.LocalStore;
import java.io.IOException;
import java.time.Instant;
import java.util.List;

/** An image of the store under the names of fields that scripts know from docker and podman. */
final class ImageFields {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private ImageFields() {}

  static ObjectNode of(LocalStore store, Image image) {
    Digest manifest = image.descriptor().digest();
    List<String> names =
        store.images().list().stream()
            .filter(record -> record.manifest().digest().equals(manifest))
            .map(ImageRecord::reference)
            .map(ImageReference::toString)
            .sorted()
            .toList();
    ImageConfig config = image.config();
    ObjectNode shown = MAPPER.createObjectNode();
    shown.put("Id", config.digest().toString());
    shown.put("Digest", manifest.toString());
    shown.set("RepoTags", MAPPER.valueToTree(names));
    shown.putArray("RepoDigests").add(image.reference().name() + "@" + manifest);
    shown.put("Created", config.created().map(Instant::toString).orElse(""));
    shown.put("Author", config.author().orElse(""));
    shown.put("Comment", config.comment().orElse(""));
    shown.put("Os", config.platform().os());
    shown.put("Architecture", config.platform().architecture());
    shown.put("Variant", config.platform().variant().orElse(""));
    shown.put("Size", image.manifest().layers().stream().mapToLong(Descriptor::size).sum());
    // As it is there: docker has taken these names from it, or it from docker.
    shown.set("Config", tree(config).path("config"));
    ObjectNode files = shown.putObject("RootFS").put("Type", "layers");
    files.set(
        "Layers", MAPPER.valueToTree(config.diffIds().stream().map(Digest::toString).toList()));
    return shown;
  }

  private static JsonNode tree(ImageConfig config) {
    try {
      return MAPPER.readTree(config.raw());
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.CORRUPT_DATA, "the configuration " + config.digest() + " is no JSON", e);
    }
  }
}
