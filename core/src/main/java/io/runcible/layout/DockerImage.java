package io.runcible.layout;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.Compression;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageConfig;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One image of an archive of Docker, with the manifest that it lacks there. */
final class DockerImage {
  private static final int BUFFER_SIZE = 1 << 16;
  private static final int MAGIC_LENGTH = 4;
  private static final Pattern CONFIG_NAME = Pattern.compile("(?:.*/)?([0-9a-f]{64})(?:\\.json)?");
  private static final Pattern BLOB_NAME = Pattern.compile("blobs/sha256/([0-9a-f]{64})");

  private final Manifest manifest;

  /** The files of the archive by what is in them. */
  private final Map<Digest, String> files;

  private DockerImage(Manifest manifest, Map<Digest, String> files) {
    this.manifest = manifest;
    this.files = files;
  }

  Manifest manifest() {
    return manifest;
  }

  Map<Digest, String> files() {
    return files;
  }

  /** Puts the manifest together. Layers are read only where their digest is not known else. */
  static DockerImage of(ArchiveFile archive, DockerImages.Item item) {
    Map<Digest, String> files = new LinkedHashMap<>();
    try {
      byte[] raw = archive.read(item.config(), ImageConfig.MAX_SIZE);
      Descriptor config = Descriptor.of(MediaType.OCI_CONFIG, raw);
      checkName(archive, item.config(), config.digest());
      files.put(config.digest(), item.config());
      List<Descriptor> layers = layers(archive, item, ImageConfig.parse(raw).diffIds(), files);
      return new DockerImage(Manifest.of(config, layers, Map.of()), files);
    } catch (NoSuchFileException e) {
      throw corrupt(archive, "lacks " + e.getMessage() + ", which its manifest.json names", e);
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot read " + archive, e);
    }
  }

  /** The name says the digest, or nothing. */
  private static void checkName(ArchiveFile archive, String name, Digest digest) {
    var stated = CONFIG_NAME.matcher(name);
    if (stated.matches() && !stated.group(1).equals(digest.hex())) {
      throw corrupt(
          archive, "has another configuration in " + TarMembers.shown(name) + ": " + digest, null);
    }
  }

  private static List<Descriptor> layers(
      ArchiveFile archive, DockerImages.Item item, List<Digest> diffIds, Map<Digest, String> files)
      throws IOException {
    if (diffIds.size() != item.layers().size()) {
      throw corrupt(
          archive,
          "has "
              + item.layers().size()
              + " layers for an image whose configuration "
              + TarMembers.shown(item.config())
              + " has "
              + diffIds.size(),
          null);
    }
    List<Descriptor> layers = new ArrayList<>();
    for (int i = 0; i < diffIds.size(); i++) {
      String file = linked(archive, item.layers().get(i));
      Descriptor layer = layer(archive, file, diffIds.get(i));
      files.put(layer.digest(), file);
      layers.add(layer);
    }
    return layers;
  }

  /** Where the content of a file is: older versions of Docker link layers that are equal. */
  private static String linked(ArchiveFile archive, String name) {
    return archive.members().link(name).map(target -> resolved(name, target)).orElse(name);
  }

  /** What is no plain name within the archive is not found there. */
  private static String resolved(String name, String target) {
    String rest = target;
    String parent = name.substring(0, name.lastIndexOf('/') + 1);
    while (rest.startsWith("../") && !parent.isEmpty()) {
      rest = rest.substring("../".length());
      parent = parent.substring(0, parent.lastIndexOf('/', parent.length() - 2) + 1);
    }
    return parent + rest;
  }

  private static Descriptor layer(ArchiveFile archive, String file, Digest diffId)
      throws IOException {
    long size = archive.size(file);
    try (InputStream in = archive.open(file)) {
      byte[] head = in.readNBytes(MAGIC_LENGTH);
      return switch (Compression.detect(head)) {
        case NONE -> Descriptor.of(MediaType.OCI_LAYER, diffId, size);
        case GZIP -> Descriptor.of(MediaType.OCI_LAYER_GZIP, digest(file, head, in), size);
        case ZSTD -> Descriptor.of(MediaType.OCI_LAYER_ZSTD, digest(file, head, in), size);
      };
    }
  }

  private static Digest digest(String file, byte[] head, InputStream rest) throws IOException {
    var named = BLOB_NAME.matcher(file);
    if (named.matches()) {
      return new Digest("sha256", named.group(1));
    }
    Digest.Hasher hasher = Digest.sha256Hasher().update(head, 0, head.length);
    byte[] buffer = new byte[BUFFER_SIZE];
    for (int count = rest.read(buffer); count >= 0; count = rest.read(buffer)) {
      hasher.update(buffer, 0, count);
    }
    return hasher.finish();
  }

  private static RuncibleException corrupt(
      ArchiveFile archive, String reason, @Nullable Exception cause) {
    return new RuncibleException(ErrorKind.CORRUPT_DATA, archive + " " + reason, cause);
  }
}
