package io.runcible.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import okhttp3.FormBody;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Fetches access tokens from the server that a registry names in its challenge: by a GET with or
 * without a password, or by exchanging an identity token (OAuth 2).
 */
final class TokenServer {
  private static final int MAX_RESPONSE = 64 * 1024;
  private static final Duration DEFAULT_LIFE = Duration.ofSeconds(60);
  private static final String CLIENT_ID = "runcible";

  private final HttpTransport transport;
  private final Clock clock;

  TokenServer(HttpTransport transport, Clock clock) {
    this.transport = transport;
    this.clock = clock;
  }

  /**
   * Where a challenge sends for tokens.
   *
   * @param realm the address
   * @param service the name of the registry there, when it has one
   */
  record Realm(HttpUrl realm, Optional<String> service) {}

  /** The realm of a challenge of the scheme Bearer. */
  static Realm realm(Operation operation, Challenge challenge) {
    RegistryEndpoint endpoint = operation.endpoint();
    Optional<HttpUrl> realm = challenge.parameter("realm").map(HttpUrl::parse);
    if (realm.isEmpty()) {
      throw Failures.of(
          ErrorKind.UNAUTHENTICATED,
          operation,
          endpoint.name() + " asks for a token but names no usable address to get it from");
    }
    if (!endpoint.isPlainHttp() && !realm.get().isHttps()) {
      throw Failures.of(
          ErrorKind.UNAUTHENTICATED,
          operation,
          endpoint.name()
              + " is spoken to over HTTPS but names a token server on plain HTTP, "
              + RegistryEndpoint.origin(realm.get())
              + ", which is refused");
    }
    return new Realm(realm.get(), challenge.parameter("service"));
  }

  /**
   * Fails for a realm that must not see credentials. Over HTTPS, a registry may name any server, as
   * many are served by another host. Over plain HTTP, where anybody may have written the challenge,
   * it is the host of the registry itself, which gets passwords in the clear anyway, or this
   * machine for a registry on this machine.
   */
  static void requireFitForSecrets(Operation operation, Realm realm) {
    HttpUrl server = realm.realm();
    HttpUrl registry = operation.endpoint().base();
    if (!server.isHttps()
        && !server.host().equals(registry.host())
        && !(RegistryEndpoint.isLoopback(server) && RegistryEndpoint.isLoopback(registry))) {
      throw Failures.of(
          ErrorKind.UNAUTHENTICATED,
          operation,
          operation.endpoint().name()
              + " names a token server on another host over plain HTTP, "
              + RegistryEndpoint.origin(server)
              + ", which gets no credentials");
    }
  }

  AccessToken fetch(
      Operation operation, Realm realm, String scope, Optional<Credentials> credentials) {
    Request request =
        credentials
            .flatMap(Credentials::identityToken)
            .map(token -> exchange(realm, scope, token))
            .orElseGet(() -> ask(realm, scope, credentials.flatMap(Credentials::basicHeader)));
    return transport.call(
        operation,
        transport::send,
        request,
        response -> {
          try (response) {
            return read(operation, realm, response, credentials.isPresent());
          }
        });
  }

  private static Request ask(Realm realm, String scope, Optional<String> authorization) {
    HttpUrl.Builder url = realm.realm().newBuilder();
    realm.service().ifPresent(service -> url.addQueryParameter("service", service));
    Request.Builder request = new Request.Builder();
    authorization.ifPresent(value -> request.header("Authorization", value));
    for (String one : scope.isBlank() ? new String[0] : scope.trim().split(" +", -1)) {
      url.addQueryParameter("scope", one);
    }
    return request.url(url.build()).build();
  }

  private static Request exchange(Realm realm, String scope, String identityToken) {
    FormBody.Builder form =
        new FormBody.Builder()
            .add("grant_type", "refresh_token")
            .add("client_id", CLIENT_ID)
            .add("refresh_token", identityToken);
    if (!scope.isEmpty()) {
      form.add("scope", scope);
    }
    realm.service().ifPresent(service -> form.add("service", service));
    return new Request.Builder().url(realm.realm()).post(form.build()).build();
  }

  private AccessToken read(
      Operation operation, Realm realm, Response response, boolean withCredentials)
      throws IOException {
    String server = "the token server " + RegistryEndpoint.origin(realm.realm());
    if (response.code() != 200) {
      throw refused(operation, server, response, withCredentials);
    }
    byte[] raw = response.body().byteStream().readNBytes(MAX_RESPONSE + 1);
    Optional<ObjectNode> answer = raw.length > MAX_RESPONSE ? Optional.empty() : Json.object(raw);
    Optional<String> token =
        answer.flatMap(json -> Json.text(json, "token").or(() -> Json.text(json, "access_token")));
    if (token.isEmpty() || token.get().chars().anyMatch(c -> c <= ' ' || c >= 0x7f)) {
      throw Failures.of(
          ErrorKind.UNAUTHENTICATED, operation, server + " answered with no usable token");
    }
    JsonNode life = answer.get().path("expires_in");
    boolean given = life.canConvertToInt() && life.intValue() > 0;
    Duration duration = given ? Duration.ofSeconds(life.intValue()) : DEFAULT_LIFE;
    return AccessToken.of("Bearer " + token.get(), duration, clock);
  }

  private static RuncibleException refused(
      Operation operation, String server, Response response, boolean withCredentials) {
    int status = response.code();
    boolean refusal = status == 400 || status == 401 || status == 403;
    String errors = ErrorBodies.read(response);
    return Failures.of(
        refusal ? ErrorKind.UNAUTHENTICATED : ErrorKind.UNAVAILABLE,
        operation,
        server
            + " of "
            + operation.endpoint().name()
            + (refusal
                ? withCredentials ? " refused the credentials" : " gives no token without login"
                : " cannot serve")
            + ", status "
            + status
            + (errors.isEmpty() ? "" : " (" + errors + ")"));
  }
}
