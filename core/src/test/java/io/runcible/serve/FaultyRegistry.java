package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.image.ImageSource;
import io.runcible.serve.Fault.Answer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * A registry that does what tests of clients fear. It answers as {@link RegistryServer} does, for
 * the images that its source has of {@code docker.io}, except where it was told to fail:
 *
 * <pre>{@code
 * registry.fail("/blobs/", 1, Fault.dropAfter(100)).requireToken("user", "secret");
 * }</pre>
 *
 * <p>Answers are made in memory, so blobs should be small.
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
   * @param headers by names in lower case
   */
  public record Request(String method, String path, String query, Map<String, String> headers) {
    /** The value of a header. */
    public Optional<String> header(String name) {
      return Optional.ofNullable(headers.get(name.toLowerCase(Locale.ROOT)));
    }
  }

  private record Planned(String method, String pathPart, AtomicInteger times, Fault fault) {
    boolean matches(HttpRequest request) {
      return (method.isEmpty() || request.method().equals(method))
          && request.path().contains(pathPart)
          && times.getAndUpdate(left -> left == ALWAYS || left == 0 ? left : left - 1) > 0;
    }
  }

  private final HttpListener listener;
  private final RegistryHandler handler;
  private final List<Planned> planned = new CopyOnWriteArrayList<>();
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final Map<String, LongAdder> served = new ConcurrentHashMap<>();
  private final Set<String> tokens = ConcurrentHashMap.newKeySet();
  private final AtomicInteger tokenCount = new AtomicInteger();
  private volatile String authentication = "";
  private volatile String credentials = "";

  private FaultyRegistry(ImageSource source) throws IOException {
    handler = new RegistryHandler(source, "docker.io");
    listener =
        new HttpListener(
            new InetSocketAddress("127.0.0.1", 0), "faulty-registry", null, () -> {}, this::handle);
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
    return "127.0.0.1:" + listener.address().getPort();
  }

  InetSocketAddress address() {
    return listener.address();
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

  /** How many bytes of bodies were sent for requests whose path contains a text. */
  public long bytes(String pathPart) {
    return served.entrySet().stream()
        .filter(path -> path.getKey().contains(pathPart))
        .mapToLong(path -> path.getValue().sum())
        .sum();
  }

  private static String basic(String user, String password) {
    String pair = user + ":" + password;
    return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(UTF_8));
  }

  private HttpAnswer handle(HttpRequest request) {
    requests.add(
        new Request(
            request.method(), request.path(), request.query(), Map.copyOf(request.headers())));
    for (Planned plan : planned) {
      if (plan.matches(request)) {
        return faulty(request, plan.fault(), plan.fault().change(answer(request)));
      }
    }
    Answer answer = answer(request);
    count(request, answer.body().length);
    return http(answer, new HttpAnswer(answer.status(), "", answer.body()));
  }

  private void count(HttpRequest request, int bytes) {
    if (!request.isHead()) {
      served.computeIfAbsent(request.path(), path -> new LongAdder()).add(bytes);
    }
  }

  private HttpAnswer faulty(HttpRequest request, Fault fault, Answer answer) {
    if (fault.bytes() < 0) {
      throw new UncheckedIOException(new IOException("dropped, as the test wants it"));
    }
    byte[] body = answer.body();
    count(request, Math.min(fault.bytes(), body.length));
    HttpAnswer.Body sent =
        out -> {
          out.write(body, 0, Math.min(fault.bytes(), body.length));
          if (fault.bytes() < body.length) {
            out.flush();
            await(fault);
            throw new IOException("dropped, as the test wants it");
          }
        };
    return http(answer, new HttpAnswer(answer.status(), "", body.length, sent));
  }

  private static void await(Fault fault) throws IOException {
    try {
      fault.latch().await();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  private static HttpAnswer http(Answer answer, HttpAnswer http) {
    http.headers().clear();
    answer.headers().forEach(http::header);
    return http;
  }

  private Answer answer(HttpRequest request) {
    if (request.path().equals("/token")) {
      return token(request);
    }
    if (!isAllowed(request.header("authorization").orElse(""))) {
      return challenge(request);
    }
    HttpAnswer answer = handler.answer(request);
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    try {
      answer.body().writeTo(body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Answer(answer.status(), answer.headers(), body.toByteArray());
  }

  private boolean isAllowed(String authorization) {
    return switch (authentication) {
      case "Basic" -> credentials.equals(authorization);
      case "Bearer" ->
          authorization.startsWith("Bearer ")
              && tokens.contains(authorization.substring("Bearer ".length()));
      default -> true;
    };
  }

  private Answer challenge(HttpRequest request) {
    String error = "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"authenticate\"}]}";
    if (authentication.equals("Basic")) {
      return json(401, error, Map.of("WWW-Authenticate", "Basic realm=\"faulty\""));
    }
    String[] parts = request.path().split("/manifests/|/blobs/|/tags/", 2);
    String scope =
        parts.length < 2
            ? ""
            : ",scope=\"repository:" + parts[0].substring("/v2/".length()) + ":pull\"";
    String challenge = "Bearer realm=\"http://" + host() + "/token\",service=\"faulty\"" + scope;
    return json(401, error, Map.of("WWW-Authenticate", challenge));
  }

  private Answer token(HttpRequest request) {
    String given = request.header("authorization").orElse("");
    if (!credentials.isEmpty() && !credentials.equals(given)) {
      return json(
          401,
          "{\"details\":\"wrong credentials\"}",
          Map.of("WWW-Authenticate", "Basic realm=\"faulty\""));
    }
    String token = "token-" + tokenCount.incrementAndGet();
    tokens.add(token);
    return json(
        200, "{\"token\":\"" + token + "\",\"expires_in\":" + TOKEN_SECONDS + "}", Map.of());
  }

  private static Answer json(int status, String body, Map<String, String> headers) {
    HttpAnswer answer = new HttpAnswer(status, "application/json", body.getBytes(UTF_8));
    headers.forEach(answer::header);
    return new Answer(status, answer.headers(), body.getBytes(UTF_8));
  }

  @Override
  public void close() {
    listener.close();
  }
}
