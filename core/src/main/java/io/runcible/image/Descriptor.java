package io.runcible.image;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Points at content: what it is, what it hashes to and how long it is (OCI image specification,
 * "Content Descriptors"). The field {@code urls} is not read: content comes from the source that
 * was asked, never from an address that a document names. Nor is embedded {@code data}.
 *
 * @param mediaType what the content is
 * @param digest its digest
 * @param size its exact size in bytes
 * @param annotations in the order of the document; unmodifiable
 * @param platform the platform, in the descriptors of an index
 * @param artifactType the type of artifact, when the content is a manifest of one
 */
public record Descriptor(
    String mediaType,
    Digest digest,
    long size,
    Map<String, String> annotations,
    Optional<Platform> platform,
    Optional<String> artifactType) {

  /**
   * Checks the parts.
   *
   * @throws RuncibleException INVALID_INPUT for a negative size or a malformed media type
   */
  public Descriptor {
    Objects.requireNonNull(digest, "digest");
    Objects.requireNonNull(platform, "platform");
    Objects.requireNonNull(artifactType, "artifactType");
    if (!MediaType.isWellFormed(mediaType)) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "the media type of " + digest + " is malformed: " + Shown.of(mediaType));
    }
    if (size < 0) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "the size of " + digest + " is negative: " + size);
    }
    annotations = Collections.unmodifiableMap(new LinkedHashMap<>(annotations));
  }

  /** A descriptor with nothing optional. */
  public static Descriptor of(String mediaType, Digest digest, long size) {
    return new Descriptor(mediaType, digest, size, Map.of(), Optional.empty(), Optional.empty());
  }

  /** The descriptor of some bytes, by SHA-256. */
  public static Descriptor of(String mediaType, byte[] content) {
    return of(mediaType, Digest.sha256(content), content.length);
  }

  /**
   * The descriptor of a manifest or an index whose media type nobody said: the type that the
   * document itself names, or else the OCI type that its fields imply.
   *
   * @throws RuncibleException INVALID_INPUT or UNSUPPORTED when it is neither, as {@link
   *     Manifest#parse} and {@link ImageIndex#parse}
   */
  public static Descriptor ofDocument(byte[] content) {
    return of(Documents.mediaType(content), content);
  }

  /** The same with other annotations. */
  public Descriptor withAnnotations(Map<String, String> annotations) {
    return new Descriptor(mediaType, digest, size, annotations, platform, artifactType);
  }

  /** The same for a platform. */
  public Descriptor withPlatform(Platform platform) {
    return new Descriptor(
        mediaType, digest, size, annotations, Optional.of(platform), artifactType);
  }

  /**
   * Checks that these bytes are what the descriptor points at.
   *
   * @throws RuncibleException CORRUPT_DATA when the size or the digest differs
   */
  public void verify(byte[] content) {
    if (content.length != size) {
      throw new RuncibleException(
          ErrorKind.CORRUPT_DATA,
          "content " + digest + " has " + content.length + " bytes instead of " + size);
    }
    Digest actual = digest.hasher().update(content, 0, content.length).finish();
    if (!actual.equals(digest)) {
      throw new RuncibleException(
          ErrorKind.CORRUPT_DATA,
          "content " + digest + " is not what its digest says: these bytes have " + actual);
    }
  }
}
