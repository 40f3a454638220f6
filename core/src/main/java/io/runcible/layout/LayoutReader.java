package io.runcible.layout;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;

/** Reads an image layout, wherever its files are. */
final class LayoutReader {
  static final String VERSION_FILE = "oci-layout";
  static final String INDEX_FILE = "index.json";

  private static final int MAX_VERSION_SIZE = 4096;

  private final LayoutContent content;
  private final String where;

  /**
   * Reads from some files.
   *
   * @param where what the layout is called in messages
   */
  LayoutReader(LayoutContent content, String where) {
    this.content = content;
    this.where = where;
  }

  /** Checks that this is a layout that can be read. */
  void check() {
    try {
      LayoutVersion.check(content.read(VERSION_FILE, MAX_VERSION_SIZE), where);
      index();
    } catch (NoSuchFileException e) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND,
          where + " is not an OCI image layout: there is no " + e.getMessage(),
          e);
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot open " + where, e);
    }
  }

  ImageIndex index() {
    try {
      return parseIndex(content.read(INDEX_FILE, Manifest.MAX_SIZE));
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot read the index of " + where, e);
    }
  }

  ImageIndex parseIndex(byte[] raw) {
    try {
      return ImageIndex.parse(raw, MediaType.OCI_INDEX);
    } catch (RuncibleException e) {
      throw new RuncibleException(
          e.kind(), content.where(INDEX_FILE) + " cannot be used: " + e.getMessage(), e);
    }
  }

  private ImageEntries entries() {
    return new ImageEntries(
        index().manifests().stream()
            .map(entry -> new ImageEntries.Entry(names(entry), () -> entry))
            .toList(),
        where);
  }

  private static List<String> names(Descriptor entry) {
    return Optional.ofNullable(entry.annotations().get(LayoutIndex.NAME)).stream().toList();
  }

  Descriptor resolve(ImageReference reference) {
    ImageEntries entries = entries();
    if (reference.digest().isEmpty()) {
      return entries.tagged(reference);
    }
    Digest digest = reference.digest().get();
    return entries.of(digest).orElseGet(() -> document(reference, digest));
  }

  Descriptor select(String selector) {
    return entries().select(selector);
  }

  List<String> tags(ImageReference repository) {
    return entries().tags(repository);
  }

  /** A manifest that is not in the index itself, but for instance in an index that is. */
  private Descriptor document(ImageReference reference, Digest digest) {
    try {
      byte[] raw = content.read(blobName(digest), Manifest.MAX_SIZE);
      Descriptor descriptor =
          Descriptor.of(Descriptor.ofDocument(raw).mediaType(), digest, raw.length);
      descriptor.verify(raw);
      return descriptor;
    } catch (NoSuchFileException e) {
      throw new RuncibleException(ErrorKind.NOT_FOUND, where + " has no image " + reference, e);
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot read " + reference + " in " + where, e);
    }
  }

  byte[] manifest(ImageReference reference, Descriptor descriptor) {
    try {
      byte[] raw = content.read(blobName(descriptor.digest()), Manifest.MAX_SIZE);
      descriptor.verify(raw);
      return raw;
    } catch (IOException e) {
      throw failure("read", reference, descriptor.digest(), e);
    }
  }

  InputStream blob(ImageReference reference, Descriptor descriptor) {
    try {
      return content.open(blobName(descriptor.digest()));
    } catch (IOException e) {
      throw failure("read", reference, descriptor.digest(), e);
    }
  }

  long blobSize(ImageReference reference, Digest digest) {
    try {
      return content.size(blobName(digest));
    } catch (IOException e) {
      throw failure("find", reference, digest, e);
    }
  }

  static String blobName(Digest digest) {
    return "blobs/" + digest.algorithm() + "/" + digest.hex();
  }

  RuncibleException failure(String verb, ImageReference reference, Digest digest, IOException e) {
    return LayoutFiles.failure(
        "cannot " + verb + " " + digest + " of " + reference + " in " + where, e);
  }
}
