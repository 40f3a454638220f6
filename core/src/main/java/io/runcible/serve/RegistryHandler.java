package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageSource;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Answers the requests of the distribution API that read. */
final class RegistryHandler implements HttpHandler {
  private static final Logger LOG = LoggerFactory.getLogger(RegistryServer.class);
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final String JSON = "application/json";
  private static final int BUFFER_SIZE = 1 << 16;

  private final ImageSource source;
  private final String registry;

  RegistryHandler(ImageSource source, String registry) {
    this.source = source;
    this.registry = registry;
  }

  @Override
  public void handle(HttpExchange exchange) {
    try (exchange) {
      exchange.getResponseHeaders().set("Docker-Distribution-API-Version", "registry/2.0");
      try {
        answer(exchange);
      } catch (RegistryError e) {
        sendError(exchange, e);
      } catch (RuncibleException e) {
        sendError(exchange, error(exchange, e));
      }
    } catch (IOException | RuntimeException e) {
      // Mostly a client that went away; closing the exchange drops the connection.
      LOG.debug("Answering {} {} failed", exchange.getRequestMethod(), path(exchange), e);
    }
  }

  private static String path(HttpExchange exchange) {
    return String.valueOf(exchange.getRequestURI().getPath());
  }

  private void answer(HttpExchange exchange) throws IOException, RegistryError {
    String method = exchange.getRequestMethod();
    if (!method.equals("GET") && !method.equals("HEAD")) {
      exchange.getResponseHeaders().set("Allow", "GET, HEAD");
      throw new RegistryError(405, "UNSUPPORTED", "this registry is read-only");
    }
    String path = path(exchange);
    if (path.equals("/v2") || path.equals("/v2/")) {
      send(exchange, 200, JSON, "{}".getBytes(UTF_8));
      return;
    }
    RegistryRoute route = RegistryRoute.parse(path, registry);
    try {
      switch (route.kind()) {
        case MANIFEST -> sendManifest(exchange, route);
        case BLOB -> sendBlob(exchange, route);
        case TAGS -> sendTags(exchange, route);
      }
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.NOT_FOUND) {
        throw new RegistryError(404, route.kind().unknown(), "the registry does not have it");
      }
      throw e;
    }
  }

  private void sendManifest(HttpExchange exchange, RegistryRoute route) throws IOException {
    Descriptor descriptor = source.resolve(route.reference());
    byte[] raw = source.manifest(route.reference(), descriptor);
    exchange.getResponseHeaders().set("Docker-Content-Digest", descriptor.digest().toString());
    send(exchange, 200, descriptor.mediaType(), raw);
  }

  private void sendBlob(HttpExchange exchange, RegistryRoute route)
      throws IOException, RegistryError {
    long size = source.blobSize(route.reference(), route.digest());
    String header = exchange.getRequestHeaders().getFirst("Range");
    Optional<ByteRange> asked = header == null ? Optional.empty() : ByteRange.parse(header, size);
    ByteRange range = asked.orElse(new ByteRange(0, size));
    exchange.getResponseHeaders().set("Accept-Ranges", "bytes");
    if (asked.isPresent() && !range.isSatisfiable()) {
      exchange.getResponseHeaders().set("Content-Range", "bytes */" + size);
      throw new RegistryError(416, "SIZE_INVALID", "the blob has " + size + " bytes");
    }
    Descriptor blob = Descriptor.of("application/octet-stream", route.digest(), size);
    try (InputStream content = source.blob(route.reference(), blob)) {
      exchange.getResponseHeaders().set("Docker-Content-Digest", route.digest().toString());
      if (asked.isPresent()) {
        exchange
            .getResponseHeaders()
            .set("Content-Range", "bytes " + range.start() + "-" + (range.end() - 1) + "/" + size);
      }
      OutputStream out =
          begin(exchange, asked.isPresent() ? 206 : 200, blob.mediaType(), range.length());
      if (!isHead(exchange)) {
        content.skipNBytes(range.start());
        copy(content, out, range.length());
      }
    }
  }

  private static void copy(InputStream content, OutputStream out, long length) throws IOException {
    byte[] buffer = new byte[(int) Math.min(BUFFER_SIZE, Math.max(1, length))];
    for (long left = length; left > 0; ) {
      int count = content.read(buffer, 0, (int) Math.min(buffer.length, left));
      if (count < 0) {
        throw new IOException("the blob ends " + left + " bytes early");
      }
      out.write(buffer, 0, count);
      left -= count;
    }
  }

  private void sendTags(HttpExchange exchange, RegistryRoute route)
      throws IOException, RegistryError {
    List<String> all = source.tags(route.reference());
    TagPage page = TagPage.of(all, exchange.getRequestURI().getRawQuery());
    String name = path(exchange).substring("/v2/".length(), path(exchange).indexOf("/tags/list"));
    ObjectNode body = MAPPER.createObjectNode().put("name", name);
    page.tags().forEach(body.putArray("tags")::add);
    if (page.more()) {
      exchange.getResponseHeaders().set("Link", page.link(name));
    }
    send(exchange, 200, JSON, MAPPER.writeValueAsBytes(body));
  }

  /** An error that is the source's. What it says may name files, so it is not for the client. */
  private static RegistryError error(HttpExchange exchange, RuncibleException e) {
    LOG.atLevel(e.kind() == ErrorKind.CANCELLED ? Level.DEBUG : Level.WARN)
        .setCause(e)
        .log("Cannot answer {} {}", exchange.getRequestMethod(), path(exchange));
    return switch (e.kind()) {
      case UNAUTHENTICATED, PERMISSION_DENIED ->
          new RegistryError(403, "DENIED", "the registry may not read it");
      case UNSUPPORTED -> new RegistryError(501, "UNSUPPORTED", "the registry cannot do this");
      case UNAVAILABLE, TIMEOUT, CANCELLED ->
          new RegistryError(503, "UNAVAILABLE", "the registry cannot read it now");
      default -> new RegistryError(500, "UNKNOWN", "the registry has it, but damaged");
    };
  }

  private static void sendError(HttpExchange exchange, RegistryError e) throws IOException {
    if (exchange.getResponseCode() >= 0) {
      return; // The answer has begun; closing the exchange cuts it off.
    }
    ObjectNode body = MAPPER.createObjectNode();
    body.putArray("errors").addObject().put("code", e.code()).put("message", e.getMessage());
    send(exchange, e.status(), JSON, MAPPER.writeValueAsBytes(body));
  }

  private static void send(HttpExchange exchange, int status, String mediaType, byte[] body)
      throws IOException {
    OutputStream out = begin(exchange, status, mediaType, body.length);
    if (!isHead(exchange)) {
      out.write(body);
    }
  }

  private static OutputStream begin(
      HttpExchange exchange, int status, String mediaType, long length) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", mediaType);
    if (isHead(exchange)) {
      exchange.getResponseHeaders().set("Content-Length", Long.toString(length));
    }
    // To the server, -1 means no body, and 0 one of unknown length.
    exchange.sendResponseHeaders(status, isHead(exchange) || length == 0 ? -1 : length);
    return exchange.getResponseBody();
  }

  private static boolean isHead(HttpExchange exchange) {
    return exchange.getRequestMethod().equals("HEAD");
  }
}
