package io.runcible.registry;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongFunction;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/** The requests for blobs (distribution specification, "Pulling" and "Pushing Blobs"). */
final class BlobRequests {
  private static final int NO_SUCH_RANGE = 416;

  private final HttpTransport transport;
  private final HttpTransport.Sender sender;
  private final Settings settings;
  private final EarlyTimeout early;
  private final Set<ResumingBlobStream> streams = ConcurrentHashMap.newKeySet();

  /**
   * How blobs are moved.
   *
   * @param connections how many connections fetch one blob
   * @param window how much each of them fetches at a time
   * @param uploads how blobs are sent
   * @param stallTimeout the longest silence on a connection
   */
  record Settings(
      int connections, int window, BlobUpload.Settings uploads, Duration stallTimeout) {}

  BlobRequests(HttpTransport transport, HttpTransport.Sender sender, Settings settings) {
    this.transport = transport;
    this.sender = sender;
    this.settings = settings;
    this.early = new EarlyTimeout(settings.stallTimeout());
  }

  InputStream open(
      Operation operation, ImageReference reference, Descriptor descriptor, long from) {
    long size = descriptor.size();
    int window = settings.window();
    boolean inWindows = settings.connections() > 1 && size - from > 2L * window;
    if (!inWindows) {
      return open(operation, reference, descriptor, from, size);
    }
    ResumingBlobStream first;
    try {
      first = open(operation, reference, descriptor, from, from + window);
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.CORRUPT_DATA) {
        throw e;
      }
      // It answers with another range than it was asked for.
      return open(operation, reference, descriptor, from, size);
    }
    if (!first.isRange()) {
      first.widen();
      return first;
    }
    return new RangedBlobStream(
        operation,
        first,
        from,
        size,
        window,
        settings.connections(),
        start -> open(operation, reference, descriptor, start, Math.min(size, start + window)));
  }

  private ResumingBlobStream open(
      Operation operation, ImageReference reference, Descriptor descriptor, long start, long end) {
    HttpUrl url = operation.endpoint().blob(reference, descriptor.digest().toString());
    ResumingBlobStream stream =
        new ResumingBlobStream(
            operation,
            transport,
            descriptor,
            start,
            end,
            (from, to, cancellation) ->
                get(operation, url, range(from, to, descriptor.size()), cancellation),
            this::closed);
    early.begin();
    streams.add(stream);
    try {
      stream.start();
      return stream;
    } catch (RuntimeException e) {
      stream.close();
      throw e;
    }
  }

  private void closed(ResumingBlobStream stream) {
    streams.remove(stream);
    early.end();
  }

  /** The header for a part; empty for the whole. */
  private static Optional<String> range(long from, long to, long size) {
    if (to < size) {
      return Optional.of("bytes=" + from + "-" + (to - 1));
    }
    return from > 0 ? Optional.of("bytes=" + from + "-") : Optional.empty();
  }

  private Response get(
      Operation operation, HttpUrl url, Optional<String> range, Cancellation cancellation) {
    Request.Builder get = new Request.Builder().url(url).tag(Cancellation.class, cancellation);
    range.ifPresent(value -> get.header("Range", value));
    Response answer =
        transport.call(
            operation,
            sender,
            get.build(),
            response ->
                range.isPresent() && (response.code() == 206 || response.code() == NO_SUCH_RANGE)
                    ? response
                    : transport.expect(operation, response, 200));
    if (answer.code() != NO_SUCH_RANGE) {
      return answer;
    }
    // What it has, or whether that is all, is seen from the beginning.
    ContextLoader.library().run(answer::close);
    return get(operation, url, Optional.empty(), cancellation);
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
    send(upload(operation, reference, descriptor), content);
  }

  /** Sends a blob that can be read again, so that an upload that is lost begins anew. */
  void put(
      Operation operation,
      ImageReference reference,
      Descriptor descriptor,
      LongFunction<InputStream> content) {
    for (int attempt = 1; ; attempt++) {
      BlobUpload upload = upload(operation, reference, descriptor);
      try (InputStream opened = content.apply(0)) {
        send(upload, opened);
        return;
      } catch (RuncibleException e) {
        Optional<Duration> pause =
            upload.isLost() ? transport.retry().pause(attempt) : Optional.empty();
        transport.sleep(operation, pause.orElseThrow(() -> e));
      } catch (IOException e) {
        throw new RuncibleException(
            ErrorKind.UNAVAILABLE,
            "cannot " + operation.what() + ": closing its content failed: " + e.getMessage(),
            e);
      }
    }
  }

  private BlobUpload upload(Operation operation, ImageReference reference, Descriptor descriptor) {
    return new BlobUpload(
        operation,
        transport,
        sender,
        reference,
        descriptor,
        settings.uploads(),
        () -> size(operation, reference, descriptor.digest()).isPresent());
  }

  private void send(BlobUpload upload, InputStream content) {
    early.begin();
    try {
      upload.send(content);
    } finally {
      early.end();
    }
  }

  /**
   * Asks the registry to take a blob over from another repository (distribution specification,
   * "Mounting a blob from another repository").
   *
   * @return whether it did; what it refuses, it refuses
   */
  boolean mount(Operation operation, ImageReference reference, Descriptor descriptor) {
    HttpUrl url =
        operation
            .endpoint()
            .uploads(reference)
            .newBuilder()
            .addQueryParameter("mount", descriptor.digest().toString())
            .addQueryParameter("from", operation.from().orElseThrow())
            .build();
    try {
      return transport.call(
          operation,
          sender,
          new Request.Builder().url(url).post(UploadSession.NOTHING).build(),
          response -> mounted(operation, descriptor, response));
    } catch (RuncibleException e) {
      return switch (e.kind()) {
        // The upload that follows will tell what is wrong, if it concerns that, too.
        case UNAUTHENTICATED, PERMISSION_DENIED, NOT_FOUND, INVALID_INPUT, UNSUPPORTED -> false;
        default -> throw e;
      };
    }
  }

  /** An answer of 202 is the beginning of an upload, which nobody goes on with. */
  private boolean mounted(Operation operation, Descriptor descriptor, Response response) {
    if (response.code() == 202) {
      UploadSession session = new UploadSession(operation, transport, sender);
      try (response) {
        session.moveTo(response);
      }
      session.cancel();
      return false;
    }
    try (Response good = transport.expect(operation, response, 201)) {
      BlobUpload.checkStored(operation, good, descriptor.digest());
      return true;
    }
  }

  /** Deletes a blob (distribution specification, "Deleting Blobs"). */
  void delete(Operation operation, ImageReference reference, Digest digest) {
    HttpUrl url = operation.endpoint().blob(reference, digest.toString());
    transport.delete(operation, sender, url);
  }

  /** Ends the streams that are open. */
  void abort() {
    streams.forEach(ResumingBlobStream::abort);
  }
}
