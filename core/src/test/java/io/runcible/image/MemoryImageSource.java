package io.runcible.image;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** A source and sink in memory, for tests; {@link #replace} makes it lie. */
public final class MemoryImageSource implements ImageSource, ImageSink {
  private final Map<String, Descriptor> tags = new ConcurrentHashMap<>();
  private final Map<Digest, byte[]> contents = new ConcurrentHashMap<>();
  private final Map<Digest, Descriptor> manifests = new ConcurrentHashMap<>();

  /** An empty source. */
  public MemoryImageSource() {}

  /** Stores content and returns its descriptor. */
  public Descriptor add(String mediaType, byte[] content) {
    Descriptor descriptor = Descriptor.of(mediaType, content);
    contents.put(descriptor.digest(), content.clone());
    return descriptor;
  }

  /** Points a reference at what a descriptor says. */
  public void tag(ImageReference reference, Descriptor descriptor) {
    tags.put(reference.toString(), descriptor);
    manifests.put(descriptor.digest(), descriptor);
  }

  /** Delivers other bytes for a digest from now on. */
  public void replace(Digest digest, byte[] content) {
    contents.put(digest, content.clone());
  }

  /** The bytes that are stored for a digest. */
  public byte[] content(Digest digest) {
    return Optional.ofNullable(contents.get(digest))
        .orElseThrow(() -> new RuncibleException(ErrorKind.NOT_FOUND, "there is no " + digest))
        .clone();
  }

  @Override
  public Descriptor resolve(ImageReference reference) {
    Descriptor found =
        reference.digest().isPresent()
            ? manifests.get(reference.digest().get())
            : tags.get(reference.toString());
    if (found == null) {
      throw new RuncibleException(ErrorKind.NOT_FOUND, "there is no image " + reference);
    }
    return found;
  }

  @Override
  public byte[] manifest(ImageReference reference, Descriptor descriptor) {
    byte[] raw = content(descriptor.digest());
    descriptor.verify(raw);
    return raw;
  }

  @Override
  public InputStream blob(ImageReference reference, Descriptor descriptor) {
    return new ByteArrayInputStream(content(descriptor.digest()));
  }

  @Override
  public long blobSize(ImageReference reference, Digest digest) {
    return content(digest).length;
  }

  @Override
  public boolean hasBlob(ImageReference reference, Descriptor descriptor) {
    return contents.containsKey(descriptor.digest());
  }

  @Override
  public void putBlob(ImageReference reference, Descriptor descriptor, InputStream content) {
    try {
      byte[] bytes = content.readAllBytes();
      descriptor.verify(bytes);
      contents.put(descriptor.digest(), bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw) {
    descriptor.verify(raw);
    contents.put(descriptor.digest(), raw.clone());
    manifests.put(descriptor.digest(), descriptor);
    if (reference.tag().isPresent()) {
      tags.put(reference.name() + ":" + reference.tag().get(), descriptor);
    }
  }

  @Override
  public List<Descriptor> referrers(ImageReference repository, Digest subject) {
    return manifests.values().stream()
        .filter(d -> subject(d).filter(to -> to.digest().equals(subject)).isPresent())
        .sorted(Comparator.comparing(d -> d.digest().toString()))
        .toList();
  }

  private Optional<Descriptor> subject(Descriptor descriptor) {
    ImageDocument document = ImageDocument.of(descriptor, content(descriptor.digest()));
    return document.isIndex() ? document.index().subject() : document.manifest().subject();
  }

  @Override
  public List<String> tags(ImageReference repository) {
    String prefix = repository.name() + ":";
    List<String> found =
        tags.keySet().stream()
            .filter(name -> name.startsWith(prefix))
            .map(name -> name.substring(prefix.length()))
            .sorted()
            .toList();
    if (found.isEmpty()) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, "there is no repository " + repository.name());
    }
    return found;
  }

  @Override
  public void close() {}
}
