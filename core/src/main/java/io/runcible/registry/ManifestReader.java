package io.runcible.registry;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageDocument;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.io.IOException;
import java.util.Optional;
import okhttp3.Response;

/** Reads the answers to requests for manifests. */
final class ManifestReader {
  /** What is understood; a registry may convert to one of these. */
  static final String ACCEPT =
      String.join(
          ", ",
          MediaType.OCI_INDEX,
          MediaType.OCI_MANIFEST,
          MediaType.DOCKER_MANIFEST_LIST,
          MediaType.DOCKER_MANIFEST);

  private ManifestReader() {}

  /**
   * The descriptor in the head of an answer; empty when it lacks a part, or is about other content
   * than was asked for.
   */
  static Optional<Descriptor> head(Operation operation, Response response, Optional<Digest> asked) {
    Optional<Digest> digest = digest(operation, response);
    Optional<String> mediaType = mediaType(response);
    long size = ContentRange.length(response.header("Content-Length"));
    if (digest.isEmpty() || mediaType.isEmpty() || size <= 0) {
      return Optional.empty();
    }
    if (asked.isPresent() && !asked.equals(digest)) {
      return Optional.empty();
    }
    checkSize(operation, size);
    return Optional.of(Descriptor.of(mediaType.get(), digest.get(), size));
  }

  /**
   * A whole answer, with the descriptor from its bytes; what the head says must agree with them.
   */
  static ImageDocument whole(Operation operation, Response response, Optional<Digest> asked)
      throws IOException {
    byte[] raw = read(operation, response);
    Digest expected =
        asked.or(() -> digest(operation, response)).orElseGet(() -> Digest.sha256(raw));
    Digest actual = expected.hasher().update(raw, 0, raw.length).finish();
    if (!actual.equals(expected)) {
      throw Failures.of(
          ErrorKind.CORRUPT_DATA,
          operation,
          operation.endpoint().name()
              + " announces "
              + expected
              + " and sends bytes that have "
              + actual);
    }
    String mediaType = mediaType(response).orElseGet(() -> Descriptor.ofDocument(raw).mediaType());
    return ImageDocument.of(Descriptor.of(mediaType, expected, raw.length), raw);
  }

  /** The body of an answer, of at most {@link Manifest#MAX_SIZE} bytes. */
  static byte[] read(Operation operation, Response response) throws IOException {
    checkSize(operation, ContentRange.length(response.header("Content-Length")));
    byte[] raw = response.body().byteStream().readNBytes(Manifest.MAX_SIZE + 1);
    checkSize(operation, raw.length);
    return raw;
  }

  static void checkSize(Operation operation, long size) {
    if (size > Manifest.MAX_SIZE) {
      throw Failures.of(
          ErrorKind.INVALID_INPUT,
          operation,
          "it has " + size + " bytes or more; at most " + Manifest.MAX_SIZE + " are allowed");
    }
  }

  private static Optional<Digest> digest(Operation operation, Response response) {
    String text = response.header("Docker-Content-Digest");
    if (text == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(Digest.parse(text.trim()));
    } catch (RuncibleException e) {
      throw Failures.of(
          ErrorKind.INVALID_INPUT,
          operation,
          operation.endpoint().name()
              + " announces the digest '"
              + ForeignText.shown(text, 150)
              + "'");
    }
  }

  /** The type that an answer is served as; empty when it says no more than "some JSON". */
  private static Optional<String> mediaType(Response response) {
    String header = response.header("Content-Type", "");
    int semicolon = header.indexOf(';');
    String type = (semicolon < 0 ? header : header.substring(0, semicolon)).trim();
    boolean telling = MediaType.isManifest(type) || MediaType.isIndex(type);
    boolean vendor = type.startsWith("application/vnd.");
    return telling || vendor ? Optional.of(type) : Optional.empty();
  }
}
