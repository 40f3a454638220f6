package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Answers the challenges of registries. The first request to a registry goes without credentials;
 * what it answers to that decides how the next ones are authorised, and each is tried a second time
 * when its authorisation is refused. Thread-safe.
 */
final class TokenAuthenticator {
  private static final int MAX_SCOPE = 1024;

  /** Passwords are looked up anew after this time, as a helper may hand out short-lived ones. */
  private static final Duration BASIC_LIFE = Duration.ofMinutes(5);

  private final HttpTransport transport;
  private final CredentialStore credentials;
  private final Clock clock;
  private final TokenServer tokenServer;
  private final TokenCache tokens;
  private final Map<String, Challenge> challenges = new ConcurrentHashMap<>();

  /** The origin of the token server of each registry, which must not change. */
  private final Map<String, String> realms = new ConcurrentHashMap<>();

  TokenAuthenticator(HttpTransport transport, CredentialStore credentials, Clock clock) {
    this.transport = transport;
    this.credentials = credentials;
    this.clock = clock;
    this.tokenServer = new TokenServer(transport, clock);
    this.tokens = new TokenCache(clock);
  }

  /** Sends a request with what authorises it, when it goes to the registry itself. */
  Response send(Operation operation, Request request) throws IOException {
    RegistryEndpoint endpoint = operation.endpoint();
    if (!endpoint.isOrigin(request.url())) {
      return transport.send(operation, request);
    }
    Challenge known = challenges.get(endpoint.name());
    String authorization =
        known == null ? null : authorization(operation, known, false).orElse(null);
    Response response = transport.send(operation, authorized(request, authorization));
    if (!isRefusal(operation, response) || !HttpTransport.isRepeatable(request)) {
      return response;
    }
    if (authorization != null) {
      tokens.forget(key(operation), authorization);
    }
    Refusal refusal = Refusal.read(response);
    Challenge challenge = challenge(operation, refusal, authorization != null);
    String fresh =
        authorization(operation, challenge, true)
            .orElseThrow(() -> noCredentials(operation, refusal));
    Response second = transport.send(operation, authorized(request, fresh));
    if (isRefusal(operation, second)) {
      tokens.forget(key(operation), fresh);
      throw refused(operation, Refusal.read(second));
    }
    return second;
  }

  /**
   * What an answer with status 401 says.
   *
   * @param offered the ways to log in
   * @param said the errors in its body, in parentheses, or nothing
   */
  private record Refusal(List<Challenge> offered, String said) {
    static Refusal read(Response response) {
      try {
        String errors = ErrorBodies.read(response);
        return new Refusal(
            ChallengeParser.parse(response.headers("WWW-Authenticate")),
            errors.isEmpty() ? "" : " (" + errors + ")");
      } finally {
        ContextLoader.library().run(response::close);
      }
    }
  }

  private static Request authorized(Request request, @Nullable String authorization) {
    return authorization == null
        ? request
        : request.newBuilder().header("Authorization", authorization).build();
  }

  /** A challenge of a host that a redirect led to gets no answer. */
  private static boolean isRefusal(Operation operation, Response response) {
    return response.code() == 401 && operation.endpoint().isOrigin(response.request().url());
  }

  private static TokenCache.Key key(Operation operation) {
    return new TokenCache.Key(operation.endpoint().name(), operation.scope());
  }

  /** The challenge to answer: a token is preferred to a password. */
  private Challenge challenge(Operation operation, Refusal refusal, boolean authorized) {
    List<Challenge> offered = refusal.offered();
    Optional<Challenge> chosen =
        first(offered, Challenge.BEARER).or(() -> first(offered, Challenge.BASIC));
    if (chosen.isPresent()) {
      challenges.put(operation.endpoint().name(), chosen.get());
      return chosen.get();
    }
    if (authorized || offered.isEmpty()) {
      throw refused(operation, refusal);
    }
    throw Failures.of(
        ErrorKind.UNSUPPORTED,
        operation,
        operation.endpoint().name()
            + " wants a login of a kind that is not known; Basic and Bearer are");
  }

  private static Optional<Challenge> first(List<Challenge> offered, String scheme) {
    return offered.stream().filter(challenge -> challenge.scheme().equals(scheme)).findFirst();
  }

  /**
   * The header that authorises an operation.
   *
   * @param answering whether the challenge is about this very operation, so that its scope counts
   */
  private Optional<String> authorization(
      Operation operation, Challenge challenge, boolean answering) {
    return tokens.get(
        operation,
        key(operation),
        () ->
            challenge.scheme().equals(Challenge.BASIC)
                ? basic(operation)
                : Optional.of(bearer(operation, challenge, answering)));
  }

  private Optional<AccessToken> basic(Operation operation) {
    return credentials
        .find(operation.endpoint().name(), operation.repository())
        .flatMap(Credentials::basicHeader)
        .map(header -> AccessToken.of(header, BASIC_LIFE, clock));
  }

  private AccessToken bearer(Operation operation, Challenge challenge, boolean answering) {
    TokenServer.Realm realm = TokenServer.realm(operation, challenge);
    String registry = operation.endpoint().name();
    String origin = RegistryEndpoint.origin(realm.realm());
    String first = realms.putIfAbsent(registry, origin);
    if (first != null && !first.equals(origin)) {
      throw Failures.of(
          ErrorKind.UNAUTHENTICATED,
          operation,
          registry + " changed its token server from " + first + " to " + origin);
    }
    String repository = operation.repository();
    String own = operation.scope();
    String scope = answering ? scope(challenge).orElse(own) : own;
    Optional<Credentials> found = credentials.find(registry, repository);
    if (found.isPresent()) {
      TokenServer.requireFitForSecrets(operation, realm);
    }
    return tokenServer.fetch(operation, realm, scope, found);
  }

  private static Optional<String> scope(Challenge challenge) {
    return challenge
        .parameter("scope")
        .filter(scope -> !scope.isBlank() && scope.length() <= MAX_SCOPE);
  }

  private RuncibleException noCredentials(Operation operation, Refusal refusal) {
    return Failures.of(
        ErrorKind.UNAUTHENTICATED,
        operation,
        operation.endpoint().name()
            + " wants credentials"
            + (operation.repository().isEmpty() ? "" : " for " + operation.repository())
            + refusal.said()
            + " and none are known; log in so that they are in "
            + credentials.description()
            + ", or give them to the client");
  }

  private RuncibleException refused(Operation operation, Refusal refusal) {
    return Failures.of(
        ErrorKind.UNAUTHENTICATED,
        operation,
        operation.endpoint().name()
            + " refused access"
            + (operation.repository().isEmpty() ? "" : " to " + operation.repository())
            + refusal.said()
            + "; it may not exist, or the credentials are wrong or missing, which are taken from "
            + credentials.description()
            + " unless they are given to the client");
  }
}
