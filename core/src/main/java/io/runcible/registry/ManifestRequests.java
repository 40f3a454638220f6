package io.runcible.registry;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageDocument;
import io.runcible.image.ImageReference;
import java.util.Optional;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/** The requests for manifests (distribution specification, "Pulling" and "Pushing Manifests"). */
final class ManifestRequests {
  private final HttpTransport transport;
  private final HttpTransport.Sender sender;

  ManifestRequests(HttpTransport transport, HttpTransport.Sender sender) {
    this.transport = transport;
    this.sender = sender;
  }

  Descriptor resolve(Operation operation, ImageReference reference) {
    Request head = named(operation, reference).newBuilder().head().build();
    return head(operation, head, reference.digest())
        .orElseGet(() -> read(operation, reference).descriptor());
  }

  private static Request named(Operation operation, ImageReference reference) {
    String name = reference.digest().map(Digest::toString).or(reference::tag).orElseThrow();
    return new Request.Builder()
        .url(operation.endpoint().manifest(reference, name))
        .header("Accept", ManifestReader.ACCEPT)
        .build();
  }

  ImageDocument read(Operation operation, ImageReference reference) {
    return transport.call(
        operation,
        sender,
        named(operation, reference),
        response -> {
          try (Response good = transport.expect(operation, response, 200)) {
            return ManifestReader.whole(operation, good, reference.digest());
          }
        });
  }

  /** What a HEAD tells; empty when it does not, or is not served, as the GET will say why. */
  private Optional<Descriptor> head(Operation operation, Request head, Optional<Digest> digest) {
    return transport.call(
        operation,
        sender,
        head,
        response -> {
          if (RetryPolicy.isTransient(response.code())) {
            throw transport.unexpected(operation, response);
          }
          try (response) {
            return response.code() == 200
                ? ManifestReader.head(operation, response, digest)
                : Optional.empty();
          }
        });
  }

  byte[] read(Operation operation, ImageReference reference, Descriptor descriptor) {
    ManifestReader.checkSize(operation, descriptor.size());
    Request get =
        new Request.Builder()
            .url(operation.endpoint().manifest(reference, descriptor.digest().toString()))
            .header("Accept", descriptor.mediaType() + ", " + ManifestReader.ACCEPT)
            .build();
    byte[] raw =
        transport.call(
            operation,
            sender,
            get,
            response -> {
              try (Response good = transport.expect(operation, response, 200)) {
                return ManifestReader.read(operation, good);
              }
            });
    verify(operation, descriptor, raw);
    return raw;
  }

  /**
   * Stores a manifest, and says whether the registry keeps the list of referrers of its subject
   * itself (distribution specification, "Pushing Manifests with Subject").
   */
  boolean put(Operation operation, ImageReference reference, Descriptor descriptor, byte[] raw) {
    ManifestReader.checkSize(operation, raw.length);
    verify(operation, descriptor, raw);
    Digest digest = descriptor.digest();
    if (!reference.digest().orElse(digest).equals(digest)) {
      throw Failures.of(ErrorKind.INVALID_INPUT, operation, "the manifest has digest " + digest);
    }
    HttpUrl url =
        operation.endpoint().manifest(reference, reference.tag().orElseGet(digest::toString));
    RequestBody body = RequestBody.create(raw, MediaType.get(descriptor.mediaType()));
    return transport.call(
        operation,
        sender,
        new Request.Builder().url(url).put(body).build(),
        response -> {
          try (Response good = transport.expect(operation, response, 201)) {
            BlobUpload.checkStored(operation, good, digest);
            return good.header("OCI-Subject") != null;
          }
        });
  }

  private static void verify(Operation operation, Descriptor descriptor, byte[] raw) {
    try {
      descriptor.verify(raw);
    } catch (RuncibleException e) {
      throw new RuncibleException(
          e.kind(), "cannot " + operation.what() + ": " + e.getMessage(), e);
    }
  }
}
