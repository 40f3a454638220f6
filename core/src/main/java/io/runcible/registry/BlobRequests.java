package io.runcible.registry;

import io.runcible.Digest;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import java.io.InputStream;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/** The requests for blobs (distribution specification, "Pulling" and "Pushing Blobs"). */
final class BlobRequests {
  private final HttpTransport transport;
  private final HttpTransport.Sender sender;
  private final Set<ResumingBlobStream> streams = ConcurrentHashMap.newKeySet();

  BlobRequests(HttpTransport transport, HttpTransport.Sender sender) {
    this.transport = transport;
    this.sender = sender;
  }

  InputStream open(Operation operation, ImageReference reference, Descriptor descriptor) {
    HttpUrl url = operation.endpoint().blob(reference, descriptor.digest().toString());
    ResumingBlobStream stream =
        new ResumingBlobStream(
            operation,
            transport,
            descriptor,
            (position, cancellation) -> get(operation, url, position, cancellation),
            streams::remove);
    streams.add(stream);
    try {
      stream.start();
      return stream;
    } catch (RuntimeException e) {
      stream.close();
      throw e;
    }
  }

  private Response get(Operation operation, HttpUrl url, long position, Cancellation cancellation) {
    Request.Builder get = new Request.Builder().url(url).tag(Cancellation.class, cancellation);
    if (position > 0) {
      get.header("Range", "bytes=" + position + "-");
    }
    return transport.call(
        operation,
        sender,
        get.build(),
        response ->
            position > 0 && response.code() == 206
                ? response
                : transport.expect(operation, response, 200));
  }

  /** The size of a blob, -1 when it is not told; empty when there is no such blob. */
  Optional<Long> size(Operation operation, ImageReference reference, Digest digest) {
    HttpUrl url = operation.endpoint().blob(reference, digest.toString());
    return transport.call(
        operation,
        sender,
        new Request.Builder().url(url).head().build(),
        response -> {
          if (response.code() == 404) {
            response.close();
            return Optional.empty();
          }
          try (Response good = transport.expect(operation, response, 200)) {
            return Optional.of(ContentRange.length(good.header("Content-Length")));
          }
        });
  }

  void put(
      Operation operation, ImageReference reference, Descriptor descriptor, InputStream content) {
    new BlobUpload(operation, transport, sender).send(reference, descriptor, content);
  }

  /** Ends the streams that are open. */
  void abort() {
    streams.forEach(ResumingBlobStream::abort);
  }
}
