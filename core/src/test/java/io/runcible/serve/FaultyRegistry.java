package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.runcible.image.ImageSource;
import io.runcible.serve.Fault.Answer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A registry that does what tests of clients fear. It answers as {@link RegistryServer} does, for
 * the images that its source has of {@code docker.io}, except where it was told to fail:
 *
 * <pre>{@code
 * registry.fail("/blobs/", 1, Fault.dropAfter(100)).requireToken("user", "secret");
 * }</pre>
 *
 * Answers are made in memory, so blobs should be small.
 */
public final class FaultyRegistry implements AutoCloseable {
  /** For {@link #fail}: again and again. */
  public static final int ALWAYS = Integer.MAX_VALUE;

  private static final int TOKEN_SECONDS = 300;

  /**
   * A request that came in.
   *
   * @param method such as GET
   * @param path the path, without the query
   * @param query the query, or an empty text
   * @param headers the headers
   */
  public record Request(
      String method, String path, String query, Map<String, List<String>> headers) {
    /** The first value of a header. */
    public @Nullable String header(String name) {
      Headers all = new Headers();
      all.putAll(headers);
      return all.getFirst(name);
    }
  }

  private record Planned(String method, String pathPart, AtomicInteger times, Fault fault) {
    boolean matches(HttpExchange exchange) {
      return (method.isEmpty() || exchange.getRequestMethod().equals(method))
          && exchange.getRequestURI().getPath().contains(pathPart)
          && times.getAndUpdate(left -> left == ALWAYS || left == 0 ? left : left - 1) > 0;
    }
  }

  private final HttpServer server;
  private final ExecutorService threads;
  private final RegistryHandler handler;
  private final List<Planned> planned = new CopyOnWriteArrayList<>();
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final Set<String> tokens = ConcurrentHashMap.newKeySet();
  private final AtomicInteger tokenCount = new AtomicInteger();
  private volatile String authentication = "";
  private volatile String credentials = "";

  private FaultyRegistry(ImageSource source) throws IOException {
    server = HttpServers.create(new InetSocketAddress("127.0.0.1", 0));
    threads =
        Executors.newCachedThreadPool(
            task -> {
              Thread thread = new Thread(task, "faulty-registry");
              thread.setDaemon(true);
              return thread;
            });
    handler = new RegistryHandler(source, "docker.io");
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  /** Serves a source, at first without faults. */
  public static FaultyRegistry serve(ImageSource source) {
    try {
      return new FaultyRegistry(source);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The registry's host and port. */
  public String host() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  /** Fails the next requests whose path contains a text; the fault planned first goes first. */
  public FaultyRegistry fail(String pathPart, int times, Fault fault) {
    return fail("", pathPart, times, fault);
  }

  /** Fails the next requests of one method whose path contains a text. */
  public FaultyRegistry fail(String method, String pathPart, int times, Fault fault) {
    planned.add(new Planned(method, pathPart, new AtomicInteger(times), fault));
    return this;
  }

  /** Answers only to these credentials from now on. */
  public FaultyRegistry requireBasic(String user, String password) {
    credentials = basic(user, password);
    authentication = "Basic";
    return this;
  }

  /** Answers only to tokens, which {@code /token} gives for these credentials. */
  public FaultyRegistry requireToken(String user, String password) {
    credentials = basic(user, password);
    authentication = "Bearer";
    return this;
  }

  /** Answers only to tokens, which {@code /token} gives to anyone. */
  public FaultyRegistry requireAnonymousToken() {
    credentials = "";
    authentication = "Bearer";
    return this;
  }

  /** Accepts none of the tokens that were given so far. */
  public FaultyRegistry revokeTokens() {
    tokens.clear();
    return this;
  }

  /** The requests so far, those for tokens too. */
  public List<Request> requests() {
    return List.copyOf(requests);
  }

  /** How many requests of a method had a path that contains a text. */
  public long count(String method, String pathPart) {
    return requests.stream()
        .filter(r -> r.method().equals(method) && r.path().contains(pathPart))
        .count();
  }

  private static String basic(String user, String password) {
    String pair = user + ":" + password;
    return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(UTF_8));
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      requests.add(request(exchange));
      for (Planned plan : planned) {
        if (plan.matches(exchange)) {
          plan.fault().apply(exchange, answer(exchange));
          return;
        }
      }
      answer(exchange).send(exchange);
    }
  }

  private static Request request(HttpExchange exchange) {
    String query = exchange.getRequestURI().getQuery();
    return new Request(
        exchange.getRequestMethod(),
        exchange.getRequestURI().getPath(),
        query == null ? "" : query,
        Map.copyOf(exchange.getRequestHeaders()));
  }

  private Answer answer(HttpExchange exchange) {
    if (exchange.getRequestURI().getPath().equals("/token")) {
      return token(exchange);
    }
    if (!isAllowed(exchange.getRequestHeaders().getFirst("Authorization"))) {
      return challenge(exchange);
    }
    RecordedExchange recorded = new RecordedExchange(exchange);
    handler.handle(recorded);
    return new Answer(recorded.getResponseCode(), recorded.getResponseHeaders(), recorded.body());
  }

  private boolean isAllowed(@Nullable String authorization) {
    return switch (authentication) {
      case "Basic" -> credentials.equals(authorization);
      case "Bearer" ->
          authorization != null
              && authorization.startsWith("Bearer ")
              && tokens.contains(authorization.substring("Bearer ".length()));
      default -> true;
    };
  }

  private Answer challenge(HttpExchange exchange) {
    List<String> parts =
        new ArrayList<>(
            List.of(exchange.getRequestURI().getPath().split("/manifests/|/blobs/|/tags/")));
    String scope =
        parts.size() < 2
            ? ""
            : ",scope=\"repository:" + parts.get(0).substring("/v2/".length()) + ":pull\"";
    String challenge =
        authentication.equals("Basic")
            ? "Basic realm=\"faulty\""
            : "Bearer realm=\"http://" + host() + "/token\",service=\"faulty\"" + scope;
    return json(
        exchange,
        401,
        "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"authenticate\"}]}",
        challenge);
  }

  private Answer token(HttpExchange exchange) {
    String given = exchange.getRequestHeaders().getFirst("Authorization");
    if (!credentials.isEmpty() && !credentials.equals(given)) {
      return json(exchange, 401, "{\"details\":\"wrong credentials\"}", "Basic realm=\"faulty\"");
    }
    String token = "token-" + tokenCount.incrementAndGet();
    tokens.add(token);
    return json(
        exchange, 200, "{\"token\":\"" + token + "\",\"expires_in\":" + TOKEN_SECONDS + "}", "");
  }

  private static Answer json(HttpExchange exchange, int status, String body, String challenge) {
    Headers headers = new Headers();
    headers.set("Content-Type", "application/json");
    if (!challenge.isEmpty()) {
      headers.set("WWW-Authenticate", challenge);
    }
    boolean bare = exchange.getRequestMethod().equals("HEAD");
    return new Answer(status, headers, bare ? new byte[0] : body.getBytes(UTF_8));
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
