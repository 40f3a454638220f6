package io.runcible.layout;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.Decompression;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageConfig;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One image of a containers storage, with a manifest that names its layers uncompressed. */
final class StorageImage {
  private final Path root;
  private final Manifest manifest;
  private final byte[] config;
  private final Map<Digest, StorageRecords.StoredLayer> layers = new LinkedHashMap<>();

  private StorageImage(
      Path root, Manifest stored, byte[] config, List<StorageRecords.StoredLayer> chain) {
    this.root = root;
    this.config = config;
    List<Digest> diffIds = ImageConfig.parse(config).diffIds();
    if (diffIds.size() != chain.size()) {
      throw corrupt(
          "it has "
              + chain.size()
              + " layers, and not the "
              + diffIds.size()
              + " of its"
              + " configuration",
          null);
    }
    List<Descriptor> descriptors = new ArrayList<>();
    for (int i = 0; i < diffIds.size(); i++) {
      StorageRecords.StoredLayer layer = chain.get(i);
      Digest diffId = diffIds.get(i);
      if (!layer.diffId().equals(diffId.toString())) {
        throw corrupt("its layer " + layer.id() + " is not " + diffId, null);
      }
      layers.put(diffId, layer);
      descriptors.add(Descriptor.of(MediaType.OCI_LAYER, diffId, layer.size()));
    }
    Descriptor described = Descriptor.of(MediaType.OCI_CONFIG, config);
    this.manifest = Manifest.of(described, descriptors, stored.annotations());
  }

  Manifest manifest() {
    return manifest;
  }

  /**
   * Reads an image and looks whether its layers can be had.
   *
   * @throws RuncibleException UNSUPPORTED when they cannot, CORRUPT_DATA when parts contradict each
   *     other
   */
  static StorageImage of(
      Path root, StorageRecords.StoredImage image, Map<String, StorageRecords.StoredLayer> stored)
      throws IOException {
    StorageFiles files = new StorageFiles(root, "");
    String directory = "overlay-images/" + image.id() + "/";
    try {
      byte[] raw = files.read(directory + fileName("manifest"), Manifest.MAX_SIZE);
      String digest = Digest.sha256(raw).toString();
      if (!image.digest().isEmpty() && !image.hasDigest(digest)) {
        throw corrupt("its manifest is not " + TarMembers.shown(image.digest()), null);
      }
      String mediaType = Descriptor.ofDocument(raw).mediaType();
      if (MediaType.isIndex(mediaType)) {
        throw unsupported("it is an index, whose images are elsewhere");
      }
      Manifest manifest = Manifest.parse(raw, mediaType);
      String name = fileName(manifest.config().digest().toString());
      byte[] config = files.read(directory + name, ImageConfig.MAX_SIZE);
      manifest.config().verify(config);
      return new StorageImage(root, manifest, config, chain(files, image.layer(), stored));
    } catch (NoSuchFileException e) {
      throw corrupt(e.getMessage() + " is missing", e);
    }
  }

  /** How what is stored beside an image is called there. */
  private static String fileName(String key) {
    return key.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'))
        ? key
        : "=" + Base64.getEncoder().encodeToString(key.getBytes(StandardCharsets.UTF_8));
  }

  /** The layers from the lowest to this one. */
  private static List<StorageRecords.StoredLayer> chain(
      StorageFiles files, String top, Map<String, StorageRecords.StoredLayer> stored)
      throws IOException {
    Deque<StorageRecords.StoredLayer> chain = new ArrayDeque<>();
    for (String id = top; !id.isEmpty(); id = chain.getFirst().parent()) {
      StorageRecords.StoredLayer layer = stored.get(id);
      if (layer == null) {
        throw unsupported("its layer " + id + " is not in this storage itself");
      }
      if (chain.size() >= Manifest.MAX_LAYERS) {
        throw corrupt("it has more than " + Manifest.MAX_LAYERS + " layers", null);
      }
      if (layer.size() < 0 || layer.diffId().isEmpty() || !files.has(splitFile(layer))) {
        throw unsupported("of its layer " + id + " was not kept how its archive was");
      }
      chain.addFirst(layer);
    }
    return List.copyOf(chain);
  }

  private static String splitFile(StorageRecords.StoredLayer layer) {
    return "overlay-layers/" + layer.id() + ".tar-split.gz";
  }

  boolean has(Digest digest) {
    return digest.equals(manifest.config().digest()) || layers.containsKey(digest);
  }

  long size(Digest digest) {
    StorageRecords.StoredLayer layer = layers.get(digest);
    return layer == null ? config.length : layer.size();
  }

  /**
   * Opens the configuration or a layer.
   *
   * @param refusal what to say of a file that this user may not read
   */
  InputStream open(Digest digest, Function<AccessDeniedException, RuncibleException> refusal)
      throws IOException {
    StorageRecords.StoredLayer layer = layers.get(digest);
    if (layer == null) {
      return new ByteArrayInputStream(config);
    }
    StorageFiles storage = new StorageFiles(root, "");
    String name = splitFile(layer);
    InputStream content = Decompression.open(storage.open(name));
    try {
      return new TarSplitStream(
          new TarSplit(content, layer.size(), storage.where(name)),
          new StorageFiles(root, "overlay/" + layer.id() + "/diff"),
          refusal);
    } catch (IOException | RuntimeException e) {
      content.close();
      throw e;
    }
  }

  private static RuncibleException unsupported(String reason) {
    return new RuncibleException(ErrorKind.UNSUPPORTED, reason);
  }

  private static RuncibleException corrupt(String reason, @Nullable Exception cause) {
    return new RuncibleException(ErrorKind.CORRUPT_DATA, reason, cause);
  }
}
