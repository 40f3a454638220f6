package io.runcible.transfer;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageDocument;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;

/** All that belongs to an image; documents that are named come before those that name them. */
final class CopyPlan {
  private static final int MAX_DEPTH = 4;
  private static final int MAX_DOCUMENTS = 10_000;
  private static final int MAX_BLOBS = 100_000;
  private static final long MAX_BYTES = 64 << 20;

  private final ImageSource source;
  private final ImageReference from;
  private final int parallel;
  private final Map<Digest, ImageDocument> documents = new LinkedHashMap<>();
  private final Map<Digest, Descriptor> blobs = new LinkedHashMap<>();
  private long bytes;

  CopyPlan(ImageSource source, ImageReference from, int parallel) {
    this.source = source;
    this.from = from;
    this.parallel = parallel;
  }

  Collection<ImageDocument> documents() {
    return documents.values();
  }

  boolean has(Digest document) {
    return documents.containsKey(document);
  }

  Collection<Descriptor> blobs() {
    return blobs.values();
  }

  ImageDocument read(Descriptor descriptor) {
    return ImageDocument.of(descriptor, source.manifest(from, descriptor));
  }

  /** Adds a document and all that it names. */
  void add(ImageDocument document) {
    add(document, 0);
  }

  private void add(ImageDocument document, int depth) {
    if (document.isIndex()) {
      checkDepth(depth);
      addEntries(index(document), depth);
    } else {
      addBlobs(manifest(document));
    }
    count(document);
    documents.put(document.descriptor().digest(), document);
  }

  /** The digests of a document and of all that it names, of which only indexes are read. */
  void collectDigests(ImageDocument document, Set<Digest> digests) {
    collectDigests(document, digests, 0);
  }

  private void collectDigests(ImageDocument document, Set<Digest> digests, int depth) {
    digests.add(document.descriptor().digest());
    if (!document.isIndex()) {
      return;
    }
    checkDepth(depth);
    count(document);
    for (Descriptor entry : index(document).manifests()) {
      if (isDocument(entry) && digests.add(entry.digest()) && isIndex(entry)) {
        collectDigests(read(entry), digests, depth + 1);
      }
      checkCount(digests.size());
    }
  }

  private static boolean isIndex(Descriptor entry) {
    return MediaType.isIndex(entry.mediaType());
  }

  private void checkDepth(int depth) {
    if (depth == MAX_DEPTH) {
      throw tooMuch("has indexes within indexes, more than " + MAX_DEPTH + " deep");
    }
  }

  private void checkCount(int count) {
    if (count > MAX_DOCUMENTS) {
      throw tooMuch("has more than " + MAX_DOCUMENTS + " manifests");
    }
  }

  private void addEntries(ImageIndex index, int depth) {
    Map<Digest, Descriptor> missing = new LinkedHashMap<>();
    for (Descriptor entry : index.manifests()) {
      if (!isDocument(entry)) {
        addBlob(entry);
      } else if (!documents.containsKey(entry.digest())) {
        missing.putIfAbsent(entry.digest(), entry);
      }
    }
    checkCount(documents.size() + missing.size());
    checkBytes(missing.values());
    for (ImageDocument child : readAll(missing.values())) {
      if (!documents.containsKey(child.descriptor().digest())) {
        add(child, depth + 1);
      }
    }
  }

  private List<ImageDocument> readAll(Collection<Descriptor> some) {
    return Tasks.run(
        "reading the manifests of " + from,
        parallel,
        some.stream().<Callable<ImageDocument>>map(entry -> () -> read(entry)).toList());
  }

  /** An entry of another type than these is content without parts, as far as one can know. */
  static boolean isDocument(Descriptor entry) {
    return MediaType.isManifest(entry.mediaType()) || isIndex(entry);
  }

  ImageIndex index(ImageDocument document) {
    try {
      return document.index();
    } catch (RuncibleException e) {
      throw new RuncibleException(e.kind(), from + ": " + e.getMessage(), e);
    }
  }

  Manifest manifest(ImageDocument document) {
    try {
      return document.manifest();
    } catch (RuncibleException e) {
      throw new RuncibleException(e.kind(), from + ": " + e.getMessage(), e);
    }
  }

  private void count(ImageDocument document) {
    checkBytes(List.of(document.descriptor()));
    bytes += document.descriptor().size();
  }

  /** Before they are read, as they are verified against what is said of them. */
  private void checkBytes(Collection<Descriptor> more) {
    long total = bytes;
    for (Descriptor descriptor : more) {
      total += Math.min(descriptor.size(), MAX_BYTES);
    }
    if (total > MAX_BYTES) {
      throw tooMuch("has manifests of more than " + MAX_BYTES + " bytes");
    }
  }

  private void addBlobs(Manifest manifest) {
    manifest.layers().forEach(this::addBlob);
    addBlob(manifest.config());
  }

  private void addBlob(Descriptor blob) {
    Descriptor known = blobs.putIfAbsent(blob.digest(), blob);
    if (known != null && known.size() != blob.size()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          from
              + " says of "
              + blob.digest()
              + " that it has "
              + known.size()
              + " bytes, and "
              + blob.size());
    }
    if (blobs.size() > MAX_BLOBS) {
      throw tooMuch("has more than " + MAX_BLOBS + " layers");
    }
  }

  RuncibleException tooMuch(String reason) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, from + " " + reason);
  }
}
