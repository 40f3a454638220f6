package io.runcible.registry;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.VerifiedInputStream;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import java.io.IOException;
import java.io.InputStream;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.BufferedSink;
import org.jspecify.annotations.Nullable;

/** Sends a blob in one piece (distribution specification, "POST then PUT"). */
final class BlobUpload {
  private static final MediaType OCTETS = MediaType.get("application/octet-stream");
  private static final byte[] NOTHING = {};

  private final Operation operation;
  private final HttpTransport transport;
  private final HttpTransport.Sender sender;

  BlobUpload(Operation operation, HttpTransport transport, HttpTransport.Sender sender) {
    this.operation = operation;
    this.transport = transport;
    this.sender = sender;
  }

  void send(ImageReference reference, Descriptor descriptor, InputStream content) {
    HttpUrl location = begin(reference);
    Content body = new Content(descriptor, content);
    HttpUrl target =
        location
            .newBuilder()
            .addEncodedQueryParameter("digest", descriptor.digest().toString())
            .build();
    Request put =
        new Request.Builder()
            .url(target)
            .put(body)
            .tag(Cancellation.class, body.cancellation)
            .build();
    transport.call(
        operation,
        (op, request) -> sendContent(body, request),
        put,
        response -> {
          try (response) {
            return finish(descriptor, response);
          }
        });
  }

  private HttpUrl begin(ImageReference reference) {
    HttpUrl uploads = operation.endpoint().uploads(reference);
    Request post = new Request.Builder().url(uploads).post(RequestBody.create(NOTHING)).build();
    return transport.call(
        operation,
        sender,
        post,
        response -> {
          if (response.code() != 202) {
            throw transport.unexpected(operation, response);
          }
          try (response) {
            return HttpTransport.resolve(operation, uploads, response.header("Location"));
          }
        });
  }

  /** What is wrong with the content is not a fault of the network. */
  private Response sendContent(Content body, Request request) throws IOException {
    try {
      return sender.send(operation, request);
    } catch (IOException e) {
      transport.checkUsable(operation);
      if (body.failure != null) {
        throw body.failure;
      }
      throw e;
    }
  }

  private Descriptor finish(Descriptor descriptor, Response response) {
    if (response.code() != 201) {
      throw transport.unexpected(operation, response);
    }
    checkStored(operation, response, descriptor.digest());
    return descriptor;
  }

  /** Fails when the registry says that it stored something else. */
  static void checkStored(Operation operation, Response response, Digest digest) {
    String stored = response.header("Docker-Content-Digest");
    if (stored != null && !stored.trim().equals(digest.toString())) {
      throw Failures.of(
          ErrorKind.CORRUPT_DATA,
          operation,
          operation.endpoint().name() + " stored it as '" + ForeignText.shown(stored, 150) + "'");
    }
  }

  /**
   * The content as the body of a request. It is checked on its way: the last bytes are sent only
   * after the whole has proved right, so a registry never gets all of a wrong blob.
   */
  private final class Content extends RequestBody {
    private final Descriptor descriptor;
    private final InputStream content;
    private final Cancellation cancellation = new Cancellation();
    private @Nullable RuncibleException failure;

    Content(Descriptor descriptor, InputStream content) {
      this.descriptor = descriptor;
      this.content = content;
    }

    @Override
    public MediaType contentType() {
      return OCTETS;
    }

    @Override
    public long contentLength() {
      return descriptor.size();
    }

    @Override
    public boolean isOneShot() {
      return true;
    }

    @Override
    public void writeTo(BufferedSink sink) throws IOException {
      byte[] buffer = new byte[64 * 1024];
      InputStream verified =
          new VerifiedInputStream(content, descriptor.digest(), descriptor.size());
      for (int count = read(verified, buffer); count >= 0; count = read(verified, buffer)) {
        sink.write(buffer, 0, count);
      }
    }

    private int read(InputStream verified, byte[] buffer) throws IOException {
      try {
        int count = verified.read(buffer, 0, buffer.length);
        cancellation.heedAgain();
        return count;
      } catch (RuncibleException e) {
        failure = e;
      } catch (IOException e) {
        failure =
            new RuncibleException(
                ErrorKind.UNAVAILABLE,
                "cannot " + operation.what() + ": reading its content failed: " + e.getMessage(),
                e);
      }
      throw new IOException("the content failed", failure);
    }
  }
}
