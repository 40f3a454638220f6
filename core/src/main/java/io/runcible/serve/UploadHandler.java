package io.runcible.serve;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Answers the requests that send blobs ("Pushing Blobs" of the distribution specification). */
final class UploadHandler {
  private static final String BLOB = "application/octet-stream";
  private static final Pattern RANGE = Pattern.compile("([0-9]{1,18})-([0-9]{1,18})");

  private final ImageSource source;
  private final ImageSink sink;
  private final String registry;
  private final Uploads uploads;

  UploadHandler(ImageSource source, ImageSink sink, String registry, Uploads uploads) {
    this.source = source;
    this.sink = sink;
    this.registry = registry;
    this.uploads = uploads;
  }

  /** Answers a POST, which begins an upload or does without one. */
  HttpAnswer begin(HttpRequest request, RegistryRoute route) throws RegistryError {
    Optional<String> mount = request.parameter("mount");
    if (mount.isPresent()) {
      Optional<HttpAnswer> mounted = mount(request, route, mount.get());
      if (mounted.isPresent()) {
        return mounted.get();
      }
    }
    Optional<String> digest = request.parameter("digest");
    Digest whole = digest.isPresent() ? digest(route, digest.get()) : null;
    Upload upload = uploads.begin(route.reference());
    if (whole == null) {
      return status(202, route, upload);
    }
    try {
      return finish(request, route, upload, whole);
    } finally {
      uploads.remove(upload);
    }
  }

  /** Takes a blob over from another repository; empty when it is not there. */
  private Optional<HttpAnswer> mount(HttpRequest request, RegistryRoute route, String digest) {
    try {
      Optional<String> from = request.parameter("from");
      ImageReference origin =
          from.isPresent() ? RegistryRoute.repository(from.get(), registry) : route.reference();
      ImageReference pinned = RegistryRoute.digest(origin, digest);
      Digest wanted = pinned.digest().orElseThrow();
      Descriptor blob = Descriptor.of(BLOB, wanted, source.blobSize(pinned, wanted));
      return sink.hasBlob(route.reference(), blob)
              || sink.mountBlob(route.reference(), blob, pinned)
          ? Optional.of(stored(route, wanted))
          : Optional.empty();
    } catch (RegistryError e) {
      return Optional.empty(); // As the specification wants it: the client sends the blob instead.
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.NOT_FOUND || e.kind() == ErrorKind.UNSUPPORTED) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Answers the requests for an upload that was begun. */
  HttpAnswer goOn(HttpRequest request, RegistryRoute route) throws RegistryError {
    if (request.method().equals("GET") || request.isHead()) {
      return status(204, route, uploads.find(route));
    }
    Upload upload = uploads.take(route);
    try {
      return switch (request.method()) {
        case "PATCH" -> {
          append(request, route, upload);
          yield status(202, route, upload);
        }
        case "PUT" -> complete(request, route, upload);
        default -> {
          uploads.remove(upload);
          yield HttpAnswer.empty(204);
        }
      };
    } finally {
      uploads.release(upload);
    }
  }

  private HttpAnswer complete(HttpRequest request, RegistryRoute route, Upload upload)
      throws RegistryError {
    Optional<String> digest = request.parameter("digest");
    if (digest.isEmpty()) {
      throw new RegistryError(400, "DIGEST_INVALID", "the parameter digest is missing");
    }
    return finish(request, route, upload, digest(route, digest.get()));
  }

  private static Digest digest(RegistryRoute route, String digest) throws RegistryError {
    return RegistryRoute.digest(route.reference(), digest).digest().orElseThrow();
  }

  /** Takes the rest of a blob, or all of it, and stores it. */
  private HttpAnswer finish(HttpRequest request, RegistryRoute route, Upload upload, Digest digest)
      throws RegistryError {
    boolean whole = upload.size() == 0 && request.body().length().isPresent();
    if (whole && request.header("content-range").isEmpty()) {
      storeDirectly(request, route, digest);
    } else {
      append(request, route, upload);
      try (InputStream content = upload.content()) {
        store(request, route, Descriptor.of(BLOB, digest, upload.size()), content);
      } catch (RegistryError e) {
        uploads.remove(upload);
        throw e;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    uploads.remove(upload);
    return stored(route, digest);
  }

  /** What comes in one piece, and is of known size and digest, goes to the sink at once. */
  private void storeDirectly(HttpRequest request, RegistryRoute route, Digest digest)
      throws RegistryError {
    long size = request.body().length().orElseThrow();
    uploads.takeRoom(size);
    try {
      store(request, route, Descriptor.of(BLOB, digest, size), request.body());
      // A sink that has the blob may not have read it, but the client still sends it.
      request.body().transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      uploads.giveBack(size);
    }
  }

  private void store(HttpRequest request, RegistryRoute route, Descriptor blob, InputStream content)
      throws RegistryError {
    try {
      sink.putBlob(route.reference(), blob, content);
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.CORRUPT_DATA && request.body().failure().isEmpty()) {
        throw new RegistryError(400, "DIGEST_INVALID", "the blob is not what its digest says");
      }
      throw e;
    }
  }

  /** Adds the body of a request, which is a part of the blob or, without a range, the rest. */
  private void append(HttpRequest request, RegistryRoute route, Upload upload)
      throws RegistryError {
    long before = upload.size();
    Optional<String> range = request.header("content-range");
    long announced = range.isPresent() ? announced(request, route, upload, range.get()) : -1;
    try {
      upload.append(request.body(), uploads::takeRoom);
    } catch (RegistryError e) {
      uploads.remove(upload);
      throw e;
    } catch (IOException e) {
      // The client's failure: the connection ends, and the client can go on from what came.
      throw new UncheckedIOException(e);
    }
    if (announced >= 0 && upload.size() - before != announced) {
      upload.truncate(before);
      throw new RegistryError(400, "SIZE_INVALID", "the part is not of the size of its range");
    }
  }

  /** The length of the part that a header names. */
  private long announced(HttpRequest request, RegistryRoute route, Upload upload, String range)
      throws RegistryError {
    Matcher matcher = RANGE.matcher(range);
    boolean matches = matcher.matches();
    long start = matches ? Long.parseLong(matcher.group(1)) : -1;
    long length = matches ? Long.parseLong(matcher.group(2)) - start + 1 : -1;
    if (start != upload.size() || length < 1) {
      throw new RegistryError(416, "BLOB_UPLOAD_INVALID", "the part does not follow what is there")
          .header("Location", location(route, upload))
          .header("Range", range(upload))
          .header("Docker-Upload-UUID", upload.id());
    }
    if (request.body().length().orElse(length) != length) {
      throw new RegistryError(400, "SIZE_INVALID", "the part is not of the size of its range");
    }
    return length;
  }

  private static HttpAnswer status(int status, RegistryRoute route, Upload upload) {
    return HttpAnswer.empty(status)
        .header("Location", location(route, upload))
        .header("Range", range(upload))
        .header("Docker-Upload-UUID", upload.id());
  }

  private static String location(RegistryRoute route, Upload upload) {
    return route.path("/blobs/uploads/" + upload.id());
  }

  /** What is there; there is no way to say that nothing is, so that looks like one byte. */
  private static String range(Upload upload) {
    return "0-" + Math.max(upload.size() - 1, 0);
  }

  private static HttpAnswer stored(RegistryRoute route, Digest digest) {
    return HttpAnswer.empty(201)
        .header("Location", route.path("/blobs/" + digest))
        .header("Docker-Content-Digest", digest.toString());
  }
}
