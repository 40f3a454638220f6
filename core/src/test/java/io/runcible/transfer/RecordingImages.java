package io.runcible.transfer;

import io.runcible.Digest;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.MemoryImageSource;
import java.io.InputStream;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/** Images in memory that record what they are asked for, and have blobs in each repository. */
final class RecordingImages implements ImageSource, ImageSink {
  final MemoryImageSource memory = new MemoryImageSource();
  final List<String> calls = new CopyOnWriteArrayList<>();
  private final Set<String> blobs = Collections.synchronizedSet(new HashSet<>());

  /** What {@link #resolve} fails with. */
  Optional<RuncibleException> failure = Optional.empty();

  private static String at(ImageReference repository, Digest digest) {
    return repository.name() + "@" + digest;
  }

  private void called(String what, Object about) {
    calls.add(what + " " + about);
  }

  /** How often a method was called. */
  long count(String method) {
    return calls.stream().filter(call -> call.startsWith(method + " ")).count();
  }

  @Override
  public Descriptor resolve(ImageReference reference) {
    called("resolve", reference);
    if (failure.isPresent()) {
      throw failure.get();
    }
    return memory.resolve(reference);
  }

  @Override
  public byte[] manifest(ImageReference reference, Descriptor descriptor) {
    called("manifest", descriptor.digest());
    return memory.manifest(reference, descriptor);
  }

  @Override
  public InputStream blob(ImageReference reference, Descriptor descriptor) {
    called("blob", descriptor.digest());
    return memory.blob(reference, descriptor);
  }

  @Override
  public List<String> tags(ImageReference repository) {
    called("tags", repository.name());
    return memory.tags(repository);
  }

  @Override
  public List<Descriptor> referrers(ImageReference repository, Digest subject) {
    called("referrers", subject);
    return memory.referrers(repository, subject);
  }

  @Override
  public boolean hasBlob(ImageReference reference, Descriptor descriptor) {
    called("hasBlob", descriptor.digest());
    return blobs.contains(at(reference, descriptor.digest()));
  }

  @Override
  public boolean mountBlob(ImageReference reference, Descriptor descriptor, ImageReference from) {
    called("mountBlob", descriptor.digest());
    boolean there = blobs.contains(at(from, descriptor.digest()));
    if (there) {
      blobs.add(at(reference, descriptor.digest()));
    }
    return there;
  }

  @Override
  public void putBlob(ImageReference reference, Descriptor descriptor, InputStream content) {
    called("putBlob", descriptor.digest());
    memory.putBlob(reference, descriptor, content);
    blobs.add(at(reference, descriptor.digest()));
  }

  @Override
  public void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw) {
    called("putManifest", reference);
    memory.putManifest(reference, descriptor, raw);
  }

  @Override
  public void close() {}
}
