package io.runcible.transfer;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageDocument;
import io.runcible.image.ImageIndex;
import io.runcible.image.MediaType;
import io.runcible.image.Platform;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What is to be copied of what a name stands for; its document is read when it is needed. */
final class Selection {
  private static final int MAX_DEPTH = 4;

  /** By this annotation an entry of an index says for which other one it is an attestation. */
  static final String DOCKER_REFERENCE = "vnd.docker.reference.digest";

  private final Descriptor descriptor;
  private @Nullable ImageDocument document;

  private Selection(Descriptor descriptor, @Nullable ImageDocument document) {
    this.descriptor = descriptor;
    this.document = document;
  }

  static Selection of(Descriptor descriptor) {
    return new Selection(descriptor, null);
  }

  static Selection of(ImageDocument document) {
    return new Selection(document.descriptor(), document);
  }

  Descriptor descriptor() {
    return descriptor;
  }

  ImageDocument document(CopyPlan plan) {
    ImageDocument known = document;
    if (known == null) {
      known = plan.read(descriptor);
      document = known;
    }
    return known;
  }

  /** What the caller wants of an index. */
  Selection reduced(CopyPlan plan, CopySettings settings) {
    if (settings.platforms().isEmpty() || !MediaType.isIndex(descriptor.mediaType())) {
      return this;
    }
    return settings.single()
        ? one(plan, settings.platforms().get(0))
        : some(plan.index(document(plan)), settings);
  }

  private Selection one(CopyPlan plan, Platform platform) {
    Selection selected = this;
    for (int depth = 0; MediaType.isIndex(selected.descriptor.mediaType()); depth++) {
      if (depth == MAX_DEPTH) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, "indexes within indexes, more than " + MAX_DEPTH + " deep");
      }
      selected = of(plan.index(selected.document(plan)).select(platform));
    }
    return selected;
  }

  private Selection some(ImageIndex index, CopySettings settings) {
    Set<Digest> wanted =
        settings.platforms().stream()
            .map(platform -> index.select(platform).digest())
            .collect(Collectors.toSet());
    ImageIndex part =
        index.keeping(
            entry ->
                wanted.contains(entry.digest())
                    || (settings.referrers() && isAttached(entry, wanted)));
    return part.manifests().size() == index.manifests().size()
        ? this
        : of(ImageDocument.of(part.descriptor(), part.raw()));
  }

  private static boolean isAttached(Descriptor entry, Set<Digest> images) {
    Optional<String> image = Optional.ofNullable(entry.annotations().get(DOCKER_REFERENCE));
    return image
        .filter(text -> images.stream().anyMatch(d -> d.toString().equals(text)))
        .isPresent();
  }
}
