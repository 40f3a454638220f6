package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests: follows redirects with care for credentials, tries again what may succeed later,
 * and gives up at once when the thread is interrupted. Thread-safe.
 */
final class HttpTransport implements AutoCloseable {
  private static final int MAX_REDIRECTS = 8;
  private static final int IDLE_CONNECTIONS = 8;
  private static final long IDLE_SECONDS = 30;

  private final HttpClients clients;
  private final RetryPolicy retry;
  private final String userAgent;
  private final AtomicBoolean closed = new AtomicBoolean();

  /** Those that wait for an answer, known before they begin. */
  private final Set<Call> underWay = ConcurrentHashMap.newKeySet();

  /** Sends a request once, in one of several ways. */
  @FunctionalInterface
  interface Sender {
    Response send(Operation operation, Request request) throws IOException;
  }

  /** Makes something of a response. Closes it, or hands it on. */
  @FunctionalInterface
  interface Answer<T> {
    T read(Response response) throws IOException;
  }

  HttpTransport(
      Supplier<OkHttpClient.Builder> settings,
      TlsSettings tls,
      ProxySettings proxies,
      RetryPolicy retry,
      String userAgent) {
    this.clients = new HttpClients(() -> common(settings.get()), tls, proxies);
    this.retry = retry;
    this.userAgent = userAgent;
  }

  private static OkHttpClient common(OkHttpClient.Builder settings) {
    return settings
        .connectionSpecs(HttpClients.plain())
        .followRedirects(false)
        .followSslRedirects(false)
        .dns(new InterruptibleDns())
        .socketFactory(new BufferedSockets())
        .connectionPool(new ConnectionPool(IDLE_CONNECTIONS, IDLE_SECONDS, TimeUnit.SECONDS))
        .build();
  }

  /**
   * Sends a request until there is an answer that is not transient, and reads it. What breaks while
   * the answer is read is tried again as well, unless the request has a body that is gone then.
   */
  <T> T call(Operation operation, Sender sender, Request request, Answer<T> answer) {
    for (int attempt = 1; ; attempt++) {
      checkUsable(operation);
      Duration pause;
      try {
        Response response = sender.send(operation, request);
        Optional<Duration> next = pause(attempt, request, response);
        if (next.isEmpty()) {
          return Cancellation.of(response).run(() -> answer.read(response));
        }
        ContextLoader.library().run(response::close);
        pause = next.get();
      } catch (IOException e) {
        pause = pauseOrFail(operation, attempt, request, e);
      }
      sleep(operation, pause);
    }
  }

  private Optional<Duration> pause(int attempt, Request request, Response response) {
    return RetryPolicy.isTransient(response.code()) && isRepeatable(request)
        ? retry.pause(attempt, response.header("Retry-After"))
        : Optional.empty();
  }

  private Duration pauseOrFail(Operation operation, int attempt, Request request, IOException e) {
    checkUsable(operation);
    // A certificate does not get better within seconds.
    Throwable cause = e.getCause();
    boolean hopeless =
        cause instanceof SSLHandshakeException || cause instanceof SSLPeerUnverifiedException;
    Optional<Duration> pause =
        hopeless || !isRepeatable(request) ? Optional.empty() : retry.pause(attempt);
    return pause.orElseThrow(() -> Failures.network(operation, e));
  }

  /** Whether a request can be sent a second time. */
  static boolean isRepeatable(Request request) {
    RequestBody body = request.body();
    return body == null
        || (body instanceof UploadContent.Part part ? part.isKept() : !body.isOneShot());
  }

  /** Fails when the thread is interrupted or the client closed. */
  void checkUsable(Operation operation) {
    if (Thread.currentThread().isInterrupted()) {
      throw Failures.cancelled(operation);
    }
    if (closed.get()) {
      throw Failures.closed(operation);
    }
  }

  void sleep(Operation operation, Duration pause) {
    try {
      retry.sleeper().sleep(pause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Failures.cancelled(operation);
    }
  }

  RetryPolicy retry() {
    return retry;
  }

  /** Hands on a response of a status; closes any other and fails. */
  Response expect(Operation operation, Response response, int status) {
    if (response.code() == status) {
      return response;
    }
    throw unexpected(operation, response);
  }

  /** Deletes what is at an address. */
  void delete(Operation operation, Sender sender, HttpUrl url) {
    call(
        operation,
        sender,
        new Request.Builder().url(url).delete().build(),
        response -> {
          // 202 is what the specification asks for; the others say the same.
          boolean done = response.code() == 200 || response.code() == 204;
          expect(operation, response, done ? response.code() : 202).close();
          return url;
        });
  }

  /** An answer that the operation has no use for, as an exception. Closes the response. */
  RuncibleException unexpected(Operation operation, Response response) {
    try {
      return Failures.status(operation, response, retry.retryAfter(response.header("Retry-After")));
    } finally {
      ContextLoader.library().run(response::close);
    }
  }

  /**
   * Sends a request once and follows redirects of reading requests. The {@code Authorization} stays
   * with the scheme, host and port that it was given for.
   */
  Response send(Operation operation, Request request) throws IOException {
    Request current =
        Cancellation.tagged(request)
            .newBuilder()
            .header("User-Agent", userAgent)
            // Also keeps a coding of the content from being undone unseen.
            .header("Accept-Encoding", "identity")
            .build();
    for (int hop = 0; ; hop++) {
      Response response = execute(operation.endpoint(), current);
      if (!isRedirect(response.code()) || !isReading(current)) {
        return response;
      }
      ContextLoader.library().run(response::close);
      if (hop == MAX_REDIRECTS) {
        throw redirected(operation, "more than " + MAX_REDIRECTS + " times");
      }
      current = follow(operation, current, response.header("Location"));
    }
  }

  private Response execute(RegistryEndpoint endpoint, Request request) throws IOException {
    boolean verified = !endpoint.insecure() || !endpoint.isOrigin(request.url());
    Call call = clients.of(request.url(), verified).newCall(request);
    Cancellation cancellation = Objects.requireNonNull(request.tag(Cancellation.class));
    cancellation.attach(call);
    underWay.add(call);
    if (closed.get()) {
      // It may have been while the client was being made; later, the close knows of the call.
      call.cancel();
    }
    try {
      return cancellation.run(call::execute);
    } catch (IOException e) {
      throw new SendException(request.url(), e);
    } catch (Exception e) {
      // The implementation language of the HTTP library lets this pass without declaring it.
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      }
      throw e;
    } finally {
      underWay.remove(call);
    }
  }

  private static boolean isRedirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }

  private static boolean isReading(Request request) {
    return request.method().equals("GET") || request.method().equals("HEAD");
  }

  private static Request follow(Operation operation, Request request, @Nullable String location) {
    HttpUrl target = resolve(operation, request.url(), location);
    Request.Builder next = request.newBuilder().url(target);
    if (!RegistryEndpoint.sameOrigin(request.url(), target)) {
      next.removeHeader("Authorization");
    }
    return next.build();
  }

  /** The target of a {@code Location}, which may be relative but never leads from HTTPS to HTTP. */
  static HttpUrl resolve(Operation operation, HttpUrl from, @Nullable String location) {
    HttpUrl target = location == null ? null : from.resolve(location);
    if (target == null) {
      throw redirected(operation, "without a usable HTTP address");
    }
    if (from.isHttps() && !target.isHttps()) {
      throw redirected(
          operation,
          "from HTTPS to plain HTTP at " + RegistryEndpoint.origin(target) + ", which is refused");
    }
    return target;
  }

  private static RuncibleException redirected(Operation operation, String how) {
    return Failures.of(
        ErrorKind.INVALID_INPUT, operation, operation.endpoint().name() + " redirects " + how);
  }

  /** Ends idle connections and the calls under way. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      underWay.forEach(Call::cancel);
      ContextLoader.library().run(clients::close);
    }
  }
}
