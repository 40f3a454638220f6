package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageSource;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Answers the requests of the distribution API. */
final class RegistryHandler {
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final String JSON = "application/json";
  private static final String BLOB = "application/octet-stream";
  private static final int BUFFER_SIZE = 1 << 16;

  private final ImageSource source;
  private final String registry;
  private final ListHandler lists;
  private final @Nullable PushHandler pushes;
  private final Users users;

  /** Makes a handler that reads, for anybody. */
  RegistryHandler(ImageSource source, String registry) {
    this(source, registry, null, new Users(Map.of()));
  }

  /**
   * Makes a handler.
   *
   * @param registry the registry in the source whose images are served
   * @param pushes answers what is not to read; null to refuse that
   */
  RegistryHandler(ImageSource source, String registry, @Nullable PushHandler pushes, Users users) {
    this.source = source;
    this.registry = registry;
    this.lists = new ListHandler(source, registry);
    this.pushes = pushes;
    this.users = users;
  }

  HttpAnswer answer(HttpRequest request) {
    HttpAnswer answer;
    try {
      answer = content(request);
    } catch (RegistryError e) {
      answer = error(e);
    } catch (RuncibleException e) {
      answer = error(failure(request, e));
    }
    return answer.header("Docker-Distribution-API-Version", "registry/2.0");
  }

  private HttpAnswer content(HttpRequest request) throws RegistryError {
    if (!users.allow(request.header("authorization").orElse(""))) {
      throw new RegistryError(401, "UNAUTHORIZED", "the registry wants a user and a password")
          .header("WWW-Authenticate", "Basic realm=\"registry\", charset=\"UTF-8\"");
    }
    boolean reads = request.method().equals("GET") || request.isHead();
    if (!reads && pushes == null) {
      throw new RegistryError(405, "UNSUPPORTED", "this registry is read-only")
          .header("Allow", "GET, HEAD");
    }
    if (reads && (request.path().equals("/v2") || request.path().equals("/v2/"))) {
      return new HttpAnswer(200, JSON, "{}".getBytes(UTF_8));
    }
    if (reads && request.path().equals(ListHandler.CATALOG)) {
      return lists.catalog(request);
    }
    RegistryRoute route = RegistryRoute.parse(request.path(), registry);
    try {
      return pushes == null || (reads && !route.kind().isUpload())
          ? read(request, route)
          : pushes.answer(request, route);
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.NOT_FOUND) {
        throw new RegistryError(404, route.kind().unknown(), "the registry does not have it");
      }
      throw e;
    }
  }

  private HttpAnswer read(HttpRequest request, RegistryRoute route) throws RegistryError {
    return switch (route.kind()) {
      case MANIFEST -> manifest(route);
      case BLOB -> blob(request, route);
      case TAGS -> lists.tags(request, route);
      case REFERRERS -> lists.referrers(request, route);
      case UPLOADS, UPLOAD ->
          throw new RegistryError(404, "UNSUPPORTED", "there is nothing at this path");
    };
  }

  private HttpAnswer manifest(RegistryRoute route) {
    Descriptor descriptor = source.resolve(route.reference());
    byte[] raw = source.manifest(route.reference(), descriptor);
    return new HttpAnswer(200, descriptor.mediaType(), raw)
        .header("Docker-Content-Digest", descriptor.digest().toString());
  }

  private HttpAnswer blob(HttpRequest request, RegistryRoute route) throws RegistryError {
    long size = source.blobSize(route.reference(), route.digest());
    Descriptor blob = Descriptor.of(BLOB, route.digest(), size);
    Optional<ByteRange> asked =
        request.header("range").flatMap(header -> ByteRange.parse(header, size));
    ByteRange range = asked.orElse(new ByteRange(0, size));
    if (asked.isPresent() && !range.isSatisfiable()) {
      throw new RegistryError(416, "SIZE_INVALID", "the blob has " + size + " bytes")
          .header("Content-Range", "bytes */" + size);
    }
    HttpAnswer answer =
        new HttpAnswer(
            asked.isPresent() ? 206 : 200,
            BLOB,
            range.length(),
            out -> copy(route, blob, range, out));
    if (asked.isPresent()) {
      answer.header(
          "Content-Range", "bytes " + range.start() + "-" + (range.end() - 1) + "/" + size);
    }
    return answer
        .header("Accept-Ranges", "bytes")
        .header("Docker-Content-Digest", route.digest().toString());
  }

  private void copy(RegistryRoute route, Descriptor blob, ByteRange range, OutputStream out)
      throws IOException {
    try (InputStream content = source.blob(route.reference(), blob)) {
      content.skipNBytes(range.start());
      byte[] buffer = new byte[BUFFER_SIZE];
      for (long left = range.length(); left > 0; ) {
        int count = content.read(buffer, 0, (int) Math.min(buffer.length, left));
        if (count < 0) {
          throw new IOException("the blob " + blob.digest() + " ends " + left + " bytes early");
        }
        out.write(buffer, 0, count);
        left -= count;
      }
    }
  }

  /** An error that is the source's. What it says may name files, so it is not for the client. */
  private static RegistryError failure(HttpRequest request, RuncibleException e) {
    boolean usual = e.kind() == ErrorKind.CANCELLED || request.body().failure().isPresent();
    log()
        .atLevel(usual ? Level.DEBUG : Level.WARN)
        .setCause(e)
        .log("Cannot answer {} {}", request.method(), request.path());
    return switch (e.kind()) {
      case UNAUTHENTICATED, PERMISSION_DENIED ->
          new RegistryError(403, "DENIED", "the registry may not do this");
      case UNSUPPORTED -> new RegistryError(501, "UNSUPPORTED", "the registry cannot do this");
      case UNAVAILABLE, TIMEOUT, CANCELLED ->
          new RegistryError(503, "UNAVAILABLE", "the registry cannot do this now");
      default -> new RegistryError(500, "UNKNOWN", "the registry has it, but damaged");
    };
  }

  private static HttpAnswer error(RegistryError e) {
    ObjectNode body = MAPPER.createObjectNode();
    body.putArray("errors").addObject().put("code", e.code()).put("message", e.getMessage());
    HttpAnswer answer = new HttpAnswer(e.status(), JSON, body.toString().getBytes(UTF_8));
    e.headers().forEach(answer::header);
    return answer;
  }

  private static Logger log() {
    return LoggerFactory.getLogger(RegistryServer.class);
  }
}
