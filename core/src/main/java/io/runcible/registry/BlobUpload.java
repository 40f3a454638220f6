package io.runcible.registry;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.BooleanSupplier;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Sends one blob: in one piece (distribution specification, "POST then PUT"), or a large one in
 * chunks ("Pushing a blob in chunks"), each of which is sent again from where the registry has it
 * when the connection breaks. An upload that fails is cancelled.
 */
final class BlobUpload {
  /** How much is kept to be sent again, and the length of a chunk unless a registry wants more. */
  static final int WINDOW = 16 * 1024 * 1024;

  private static final long MAX_CHUNK = 64L * 1024 * 1024;

  private final Operation operation;
  private final HttpTransport transport;
  private final HttpTransport.Sender sender;
  private final ImageReference reference;
  private final Descriptor descriptor;
  private final UploadSession session;
  private final Settings settings;
  private final BooleanSupplier isThere;

  /** Whether a registry refused to say what it has of a chunk. */
  private boolean stuck;

  private boolean lost;

  /**
   * How blobs are sent.
   *
   * @param chunkedAbove the size above which they go in chunks
   * @param window the length of a chunk, and how much of any is kept
   */
  record Settings(long chunkedAbove, int window) {}

  /**
   * Makes an upload.
   *
   * @param isThere asks whether the registry has the blob, which an answer that got lost leaves
   *     open
   */
  BlobUpload(
      Operation operation,
      HttpTransport transport,
      HttpTransport.Sender sender,
      ImageReference reference,
      Descriptor descriptor,
      Settings settings,
      BooleanSupplier isThere) {
    this.operation = operation;
    this.transport = transport;
    this.sender = sender;
    this.reference = reference;
    this.descriptor = descriptor;
    this.session = new UploadSession(operation, transport, sender);
    this.settings = settings;
    this.isThere = isThere;
  }

  /**
   * Whether it failed because what had been sent is lost: the registry has forgotten it, or a
   * connection broke when it was no longer kept here. Another upload may succeed.
   */
  boolean isLost() {
    return lost;
  }

  /** Sends the blob. */
  void send(InputStream source) {
    try {
      if (descriptor.size() > settings.chunkedAbove()) {
        long chunk = Math.max(settings.window(), session.begin(reference));
        if (chunk <= MAX_CHUNK) {
          sendInChunks(content(source, chunk), chunk);
          return;
        }
      }
      sendWhole(content(source, settings.window()));
    } finally {
      session.cancel();
    }
  }

  private UploadContent content(InputStream source, long window) {
    return new UploadContent(operation, descriptor, source, window);
  }

  /** Each try is a new upload, as the registry may have got a part of the one before. */
  private void sendWhole(UploadContent content) {
    RequestBody body = content.part(0, content.size());
    Request put =
        new Request.Builder()
            .url(operation.endpoint().uploads(reference))
            .put(body)
            .tag(Cancellation.class, content.cancellation())
            .build();
    try {
      transport.call(
          operation,
          (op, request) -> {
            session.cancel();
            session.begin(reference);
            return send(content, request.newBuilder().url(session.finish(digest())).build());
          },
          put,
          this::finish);
    } catch (RuncibleException e) {
      boolean broken = e.kind() == ErrorKind.UNAVAILABLE || e.kind() == ErrorKind.TIMEOUT;
      lost = broken && content.isGone();
      throw e;
    }
  }

  private void sendInChunks(UploadContent content, long chunk) {
    for (long start = 0; start < content.size(); start += chunk) {
      long end = Math.min(content.size(), start + chunk);
      try {
        sendChunk(content, start, end);
      } catch (RuncibleException e) {
        if (start == 0 && (isRefusal(e) || stuck) && content.isKept(0)) {
          // This registry takes no chunks, or does not go on with them after a break.
          sendWhole(content);
          return;
        }
        lost |= stuck || isForgotten(e);
        throw e;
      }
    }
    try {
      Request put =
          new Request.Builder().url(session.finish(digest())).put(UploadSession.NOTHING).build();
      transport.call(operation, sender, put, this::finish);
    } catch (RuncibleException e) {
      // Also what a second try is told when only the answer to the first one got lost.
      if (!isForgotten(e) || !isThere.getAsBoolean()) {
        lost = isForgotten(e);
        throw e;
      }
      session.finished();
    }
  }

  private static boolean isForgotten(RuncibleException e) {
    return e.kind() == ErrorKind.NOT_FOUND;
  }

  private static boolean isRefusal(RuncibleException e) {
    return switch (e.kind()) {
      case INVALID_INPUT, NOT_FOUND, UNSUPPORTED -> true;
      default -> false;
    };
  }

  private void sendChunk(UploadContent content, long start, long end) {
    Chunk chunk = new Chunk(content, start, end);
    transport.call(
        operation,
        chunk::send,
        chunk.patch(start),
        response -> {
          // 204 is the answer to the question what has arrived, which was everything.
          if (response.code() != 202 && response.code() != 204) {
            throw transport.unexpected(operation, response);
          }
          try (response) {
            session.moveTo(response);
            return end;
          }
        });
  }

  /** One chunk; what is asked of the registry at a second try is how much of it has arrived. */
  private final class Chunk {
    private final UploadContent content;
    private final long start;
    private final long end;
    private boolean tried;

    Chunk(UploadContent content, long start, long end) {
      this.content = content;
      this.start = start;
      this.end = end;
    }

    Request patch(long from) {
      return new Request.Builder()
          .url(session.location())
          .patch(content.part(from, end))
          .header("Content-Range", from + "-" + (end - 1))
          .tag(Cancellation.class, content.cancellation())
          .build();
    }

    Response send(Operation op, Request request) throws IOException {
      Request next = request;
      if (tried) {
        Response status = status();
        if (RetryPolicy.isTransient(status.code())) {
          return status;
        }
        long from = UploadSession.received(status).orElseThrow(() -> noStatus(status));
        if (from == end) {
          return status;
        }
        try (status) {
          session.moveTo(status);
        }
        if (from < start || from > end) {
          throw outOfStep(from);
        }
        next = patch(from);
      }
      tried = true;
      Response response = BlobUpload.this.send(content, next);
      if (response.code() == 416) {
        response.close();
        throw new IOException("the registry has another part of it than was sent");
      }
      return response;
    }

    private Response status() throws IOException {
      return sender.send(operation, new Request.Builder().url(session.location()).build());
    }

    /** Registries of version 2.8 are so when a part of a chunk has arrived. */
    private RuncibleException noStatus(Response status) {
      stuck = true;
      RuncibleException refusal = transport.unexpected(operation, status);
      return new RuncibleException(
          ErrorKind.UNAVAILABLE,
          "after a break, the upload cannot go on, and must begin anew: " + refusal.getMessage(),
          refusal);
    }

    private RuncibleException outOfStep(long from) {
      lost = true;
      return Failures.of(
          ErrorKind.UNAVAILABLE,
          operation,
          operation.endpoint().name()
              + " has "
              + from
              + " bytes of it, which is not from "
              + start
              + " to "
              + end
              + " as was sent");
    }
  }

  /** What is wrong with the content is not a fault of the network. */
  private Response send(UploadContent content, Request request) throws IOException {
    try {
      return sender.send(operation, request);
    } catch (IOException e) {
      transport.checkUsable(operation);
      content.checkReadable();
      throw e;
    }
  }

  private String digest() {
    return descriptor.digest().toString();
  }

  private Descriptor finish(Response response) {
    try (Response good = transport.expect(operation, response, 201)) {
      session.finished();
      checkStored(operation, good, descriptor.digest());
      return descriptor;
    }
  }

  /** Fails when the registry says that it stored something else. */
  static void checkStored(Operation operation, Response response, Digest digest) {
    @Nullable String stored = response.header("Docker-Content-Digest");
    if (stored != null && !stored.trim().equals(digest.toString())) {
      throw Failures.of(
          ErrorKind.CORRUPT_DATA,
          operation,
          operation.endpoint().name() + " stored it as '" + ForeignText.shown(stored, 150) + "'");
    }
  }
}
