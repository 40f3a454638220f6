package io.runcible.serve;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** Answers the requests of the distribution API that change something. */
final class PushHandler {
  /** Layers that are not meant to be pushed, so they may be missing. */
  private static final Set<String> ELSEWHERE =
      Set.of(
          MediaType.OCI_NONDISTRIBUTABLE_LAYER,
          MediaType.OCI_NONDISTRIBUTABLE_LAYER_GZIP,
          MediaType.OCI_NONDISTRIBUTABLE_LAYER_ZSTD,
          MediaType.DOCKER_FOREIGN_LAYER_GZIP);

  private final ImageSource source;
  private final ImageSink sink;
  private final UploadHandler uploads;

  /** Keeps what a manifest needs in place from the moment that it was seen until it is stored. */
  private final ReadWriteLock content = new ReentrantReadWriteLock();

  PushHandler(ImageSource source, ImageSink sink, UploadHandler uploads) {
    this.source = source;
    this.sink = sink;
    this.uploads = uploads;
  }

  HttpAnswer answer(HttpRequest request, RegistryRoute route) throws RegistryError {
    if (!List.of(route.kind().methods().split(", ")).contains(request.method())) {
      throw new RegistryError(405, "UNSUPPORTED", "this cannot be done with it")
          .header("Allow", route.kind().methods());
    }
    if (request.header("origin").isPresent()) {
      // Registry clients send none; a web page that found out the port of a local server does.
      throw new RegistryError(403, "DENIED", "web pages may not write to this registry");
    }
    return switch (route.kind()) {
      case UPLOADS -> uploads.begin(request, route);
      case UPLOAD -> uploads.goOn(request, route);
      default -> request.method().equals("PUT") ? put(request, route) : delete(route);
    };
  }

  private HttpAnswer put(HttpRequest request, RegistryRoute route) throws RegistryError {
    byte[] raw = document(request);
    ImageReference reference = route.reference();
    Parsed parsed = parse(request, raw);
    Digest digest = reference.digest().orElseGet(() -> Digest.sha256(raw));
    Descriptor descriptor = Descriptor.of(parsed.mediaType(), digest, raw.length);
    try {
      descriptor.verify(raw);
    } catch (RuncibleException e) {
      throw new RegistryError(400, "DIGEST_INVALID", "the manifest is not what its digest says");
    }
    content.readLock().lock();
    try {
      checkParts(reference, parsed.parts());
      sink.putManifest(reference, descriptor, raw);
    } finally {
      content.readLock().unlock();
    }
    HttpAnswer answer =
        HttpAnswer.empty(201)
            .header("Location", route.path("/manifests/" + digest))
            .header("Docker-Content-Digest", digest.toString());
    parsed.subject().ifPresent(subject -> answer.header("OCI-Subject", subject.toString()));
    return answer;
  }

  private static byte[] document(HttpRequest request) throws RegistryError {
    if (request.body().length().orElse(0) > Manifest.MAX_SIZE) {
      throw tooLarge();
    }
    try {
      byte[] raw = request.body().readNBytes(Manifest.MAX_SIZE);
      if (request.body().read() >= 0) {
        throw tooLarge();
      }
      return raw;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static RegistryError tooLarge() {
    return new RegistryError(
        413, "MANIFEST_INVALID", "the manifest has more than " + Manifest.MAX_SIZE + " bytes");
  }

  /** What matters of a document here. */
  private record Parsed(String mediaType, Optional<Digest> subject, List<Descriptor> parts) {}

  private static Parsed parse(HttpRequest request, byte[] raw) throws RegistryError {
    try {
      String given = request.header("content-type").orElse("").split(";", 2)[0].strip();
      String mediaType =
          given.isEmpty() ? Descriptor.ofDocument(raw).mediaType() : given.toLowerCase(Locale.ROOT);
      if (MediaType.isIndex(mediaType)) {
        ImageIndex index = ImageIndex.parse(raw, mediaType);
        return new Parsed(mediaType, index.subject().map(Descriptor::digest), index.manifests());
      }
      Manifest manifest = Manifest.parse(raw, mediaType);
      List<Descriptor> parts = new ArrayList<>(manifest.layers());
      parts.add(manifest.config());
      return new Parsed(mediaType, manifest.subject().map(Descriptor::digest), parts);
    } catch (RuncibleException e) {
      // The reason is about what the client sent, so it may see it.
      throw new RegistryError(400, "MANIFEST_INVALID", String.valueOf(e.getMessage()));
    }
  }

  private void checkParts(ImageReference reference, List<Descriptor> parts) throws RegistryError {
    for (Descriptor part : parts) {
      if (!ELSEWHERE.contains(part.mediaType())
          && !sink.hasBlob(reference, part)
          && !isManifest(reference, part)) {
        throw new RegistryError(
            404, "MANIFEST_BLOB_UNKNOWN", "the manifest needs " + part.digest() + " to be pushed");
      }
    }
  }

  /** Whether there is such a manifest, which need not be a blob everywhere. */
  private boolean isManifest(ImageReference reference, Descriptor part) throws RegistryError {
    if (!MediaType.isManifest(part.mediaType()) && !MediaType.isIndex(part.mediaType())) {
      return false;
    }
    try {
      Descriptor found = source.resolve(RegistryRoute.digest(reference, part.digest().toString()));
      return found.size() == part.size();
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }

  private HttpAnswer delete(RegistryRoute route) throws RegistryError {
    content.writeLock().lock();
    try {
      if (route.kind() == RegistryRoute.Kind.BLOB) {
        sink.deleteBlob(route.reference(), route.digest());
      } else {
        sink.delete(route.reference());
      }
      return HttpAnswer.empty(202);
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.UNSUPPORTED) {
        throw new RegistryError(405, "UNSUPPORTED", "the registry keeps this");
      }
      if (e.kind() == ErrorKind.FAILED_PRECONDITION) {
        throw new RegistryError(409, "DENIED", "something else there depends on it");
      }
      throw e;
    } finally {
      content.writeLock().unlock();
    }
  }
}
