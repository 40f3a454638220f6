package io.runcible.layout;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.Digest;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageConfig;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.Platform;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/** Writes a containers storage of the driver overlay, of layers that are tar archives. */
final class FakeStorage {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int BLOCK = 512;

  final Path root;
  final ArrayNode images = JSON.createArrayNode();
  final ArrayNode layers = JSON.createArrayNode();

  FakeStorage(Path root) {
    this.root = root;
  }

  /** Adds an image, whose layers have nothing below them in common with others. */
  String add(String name, byte[]... tars) {
    List<Digest> diffIds = Arrays.stream(tars).map(Digest::sha256).toList();
    byte[] config =
        ImageConfig.builder(Platform.of("linux", "amd64"))
            .labels(Map.of("name", name))
            .diffIds(diffIds)
            .build()
            .raw();
    List<Descriptor> descriptors = new ArrayList<>();
    String top = "";
    for (byte[] tar : tars) {
      descriptors.add(Descriptor.of(MediaType.OCI_LAYER_GZIP, Tars.gzip(tar)));
      top = layer(top, tar);
    }
    Descriptor described = Descriptor.of(MediaType.OCI_CONFIG, config);
    Manifest manifest = Manifest.of(described, descriptors, Map.of("note", "kept"));
    return image(name, top, manifest.raw(), config);
  }

  String image(String name, String top, byte[] manifest, byte[] config) {
    String id = Digest.sha256(config).hex();
    String key = "sha256:" + id;
    String digest = Digest.sha256(manifest).toString();
    write("overlay-images/" + id + "/manifest", manifest);
    write("overlay-images/" + id + "/=" + base64(key.getBytes(UTF_8)), config);
    ObjectNode image = images.addObject().put("id", id).put("digest", digest).put("layer", top);
    ArrayNode names = image.putArray("names");
    if (!name.isEmpty()) {
      names.add(name);
    }
    image.putArray("big-data-names").add(key).add("manifest-" + digest).add("manifest");
    image.putObject("big-data-sizes").put("manifest", manifest.length);
    list();
    return id;
  }

  String layer(String parent, byte[] tar) {
    String diffId = Digest.sha256(tar).toString();
    String id = Digest.sha256((parent + diffId).getBytes(UTF_8)).hex();
    ObjectNode layer = layers.addObject().put("id", id);
    if (!parent.isEmpty()) {
      layer.put("parent", parent);
    }
    layer.put("diff-digest", diffId).put("diff-size", tar.length);
    split(id, lines(tar));
    Tars.read(tar)
        .forEach(
            (name, content) -> {
              if (!name.endsWith("/")) {
                write("overlay/" + id + "/diff/" + name, content);
              }
            });
    return id;
  }

  /** Writes the lists of images and layers. */
  void list() {
    write("overlay-images/images.json", images.toString().getBytes(UTF_8));
    write("overlay-layers/layers.json", layers.toString().getBytes(UTF_8));
  }

  void split(String layer, String lines) {
    write("overlay-layers/" + layer + ".tar-split.gz", Tars.gzip(lines.getBytes(UTF_8)));
  }

  /** What tar-split keeps of an archive: all but the content of its files. */
  static String lines(byte[] tar) {
    StringBuilder lines = new StringBuilder();
    Map<String, byte[]> files = Tars.read(tar);
    int at = 0;
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      int start = start(tar, at, file.getValue());
      lines.append(segment(Arrays.copyOfRange(tar, at, start)));
      lines.append(file(file.getKey(), file.getValue()));
      at = start + file.getValue().length;
    }
    return lines.append(segment(Arrays.copyOfRange(tar, at, tar.length))).toString();
  }

  /** Where a content begins in an archive: at the next block that has it. */
  private static int start(byte[] tar, int at, byte[] content) {
    int start = (at + BLOCK - 1) / BLOCK * BLOCK + BLOCK;
    while (!Arrays.equals(tar, start, start + content.length, content, 0, content.length)) {
      start += BLOCK;
    }
    return start;
  }

  static String segment(byte[] bytes) {
    return "{\"type\":2,\"payload\":\"" + base64(bytes) + "\",\"position\":0}\n";
  }

  static String file(String name, byte[] content) {
    if (content.length == 0) {
      return "{\"type\":1,\"name\":\"" + name + "\",\"payload\":null,\"position\":0}\n";
    }
    Crc64 checksum = new Crc64();
    checksum.update(content, 0, content.length);
    return file("name\":\"" + name, content.length, base64(checksum.value()));
  }

  static String file(String nameField, long size, String checksum) {
    return "{\"type\":1,\""
        + nameField
        + "\",\"size\":"
        + size
        + ",\"payload\":\""
        + checksum
        + "\",\"position\":0}\n";
  }

  static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  void write(String file, byte[] content) {
    try {
      Path path = root.resolve(file);
      Files.createDirectories(path.getParent());
      Files.write(path, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
