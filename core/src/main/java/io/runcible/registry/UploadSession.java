package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import java.io.IOException;
import java.util.Optional;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * An upload as the registry knows it: an address that may change with each answer (distribution
 * specification, "Pushing Blobs"). Not thread-safe.
 */
final class UploadSession {
  static final RequestBody NOTHING = RequestBody.create(new byte[0]);

  private final Operation operation;
  private final HttpTransport transport;
  private final HttpTransport.Sender sender;
  private @Nullable HttpUrl location;

  UploadSession(Operation operation, HttpTransport transport, HttpTransport.Sender sender) {
    this.operation = operation;
    this.transport = transport;
    this.sender = sender;
  }

  /** Begins the upload; the answer says how short a chunk may be, 0 when it does not matter. */
  long begin(ImageReference reference) {
    HttpUrl uploads = operation.endpoint().uploads(reference);
    return transport.call(
        operation,
        sender,
        new Request.Builder().url(uploads).post(NOTHING).build(),
        response -> {
          try (Response good = transport.expect(operation, response, 202)) {
            moveTo(uploads, good);
            return Math.max(0, ContentRange.length(good.header("OCI-Chunk-Min-Length")));
          }
        });
  }

  /** Goes on where an answer says. */
  void moveTo(HttpUrl from, Response answer) {
    location = HttpTransport.resolve(operation, from, answer.header("Location"));
  }

  /** Goes on where an answer says, if it says anything. */
  void moveTo(Response answer) {
    if (answer.header("Location") != null) {
      moveTo(answer.request().url(), answer);
    }
  }

  HttpUrl location() {
    if (location == null) {
      throw Failures.of(ErrorKind.INTERNAL, operation, "no upload was begun");
    }
    return location;
  }

  /** Where the content goes in the end. */
  HttpUrl finish(String digest) {
    return location().newBuilder().addEncodedQueryParameter("digest", digest).build();
  }

  /** The upload is complete, so that there is nothing to cancel. */
  void finished() {
    location = null;
  }

  /**
   * How many bytes the registry says it has; empty when the answer is of no use. Some registries
   * say {@code 0-0} of nothing.
   */
  static Optional<Long> received(Response status) {
    if (status.code() != 204) {
      return Optional.empty();
    }
    String range = status.header("Range", "0-0");
    String last = range.startsWith("0-") ? range.substring(2) : "";
    long end = ContentRange.length(last);
    return end < 0 ? Optional.empty() : Optional.of(end == 0 ? 0 : end + 1);
  }

  /**
   * Tells the registry that nothing more comes (distribution specification, "Canceling a blob
   * upload" where it is served). That is only tidy: registries forget uploads by themselves. A
   * thread that is interrupted does not wait for it.
   */
  void cancel() {
    HttpUrl open = location;
    location = null;
    if (open == null || Thread.currentThread().isInterrupted()) {
      return;
    }
    Operation deletion =
        new Operation(
            operation.what(), operation.endpoint(), operation.repository(), Access.DELETE);
    try {
      sender.send(deletion, new Request.Builder().url(open).delete().build()).close();
    } catch (IOException | RuncibleException e) {
      // What went wrong before is what the caller hears of.
    }
  }
}
