package io.runcible.layout;

import io.runcible.Digest;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How files are called in an {@link ImageDirectory}, and which of them belong to its image. */
final class DirectoryNames {
  private static final int MAX_DEPTH = 4;

  private static final Pattern SIGNATURE = Pattern.compile("signature-[0-9]+");
  private static final Pattern OURS =
      Pattern.compile(
          "([0-9a-f]{64}|sha512-[0-9a-f]{128})(|\\.tar|\\.manifest\\.json|\\.signature-[0-9]+)");

  private DirectoryNames() {}

  static String blob(Digest digest) {
    return digest.algorithm().equals("sha256")
        ? digest.hex()
        : digest.algorithm() + "-" + digest.hex();
  }

  static String manifest(Digest digest) {
    return blob(digest) + ".manifest.json";
  }

  static void removeSignatures(Path root) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(root)) {
      for (Path file : files) {
        if (SIGNATURE.matcher(file.getFileName().toString()).matches()) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  /** Removes blobs, manifests and their signatures that are no part of the image. */
  static void removeOthers(LayoutDirectory content, byte[] image) throws IOException {
    Set<String> parts = new HashSet<>();
    collect(content, image, Descriptor.ofDocument(image).mediaType(), parts, 0);
    try (DirectoryStream<Path> files = Files.newDirectoryStream(content.root())) {
      for (Path file : files) {
        Matcher name = OURS.matcher(file.getFileName().toString());
        if (name.matches() && !parts.contains(name.group(1))) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  private static void collect(
      LayoutDirectory content, byte[] raw, String mediaType, Set<String> parts, int depth)
      throws IOException {
    if (!MediaType.isIndex(mediaType)) {
      Manifest manifest = Manifest.parse(raw, mediaType);
      parts.add(blob(manifest.config().digest()));
      manifest.layers().forEach(layer -> parts.add(blob(layer.digest())));
      return;
    }
    List<Descriptor> children = ImageIndex.parse(raw, mediaType).manifests();
    for (Descriptor child : children) {
      if (parts.add(blob(child.digest())) && depth < MAX_DEPTH) {
        collectChild(content, child, parts, depth + 1);
      }
    }
  }

  private static void collectChild(
      LayoutDirectory content, Descriptor child, Set<String> parts, int depth) throws IOException {
    try {
      byte[] raw = content.read(manifest(child.digest()), Manifest.MAX_SIZE);
      collect(content, raw, child.mediaType(), parts, depth);
    } catch (NoSuchFileException e) {
      // Not copied: the image of one platform, under the index of all.
    } catch (RuncibleException e) {
      // Damaged, or of a kind that is not known here: its parts may be removed.
    }
  }
}
