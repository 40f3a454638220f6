package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.MANIFEST;
import static io.runcible.registry.FakeRegistry.json;
import static io.runcible.registry.FakeRegistry.manifest;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.MediaType;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.AfterEach;

/** A registry that wants to know who asks. */
abstract class ChallengingRegistry {
  static final Descriptor DESCRIPTOR = Descriptor.of(MediaType.OCI_MANIFEST, MANIFEST);
  static final String SECRET = "s3cret";
  static final String BASIC =
      "Basic " + Base64.getEncoder().encodeToString("joe:s3cret".getBytes(UTF_8));

  final AtomicInteger issued = new AtomicInteger();
  FakeRegistry registry;

  @AfterEach
  void close() {
    registry.close();
  }

  static String authorization(RecordedRequest request) {
    return Optional.ofNullable(request.getHeaders().get("Authorization")).orElse("none");
  }

  static MockResponse challenge(String... challenges) {
    MockResponse.Builder response =
        new MockResponse.Builder()
            .code(401)
            .body("{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"log in\"}]}");
    for (String challenge : challenges) {
      response.addHeader("WWW-Authenticate", challenge);
    }
    return response.build();
  }

  static boolean isToken(RecordedRequest request) {
    return request.getTarget().startsWith("/token");
  }

  String bearer(String scope) {
    return "Bearer realm=\""
        + registry.url("/token")
        + "\",service=\"registry.example\",scope=\""
        + scope
        + "\"";
  }

  /** A registry that takes any token of its token server, which is another path of it. */
  Function<RecordedRequest, MockResponse> tokens(
      Function<RecordedRequest, MockResponse> tokenServer) {
    return request -> {
      if (isToken(request)) {
        return tokenServer.apply(request);
      }
      return authorization(request).startsWith("Bearer t")
          ? manifest(MANIFEST).build()
          : challenge(bearer("repository:team/app:pull"));
    };
  }

  MockResponse issue() {
    return json("{\"token\":\"t" + issued.incrementAndGet() + "\",\"expires_in\":300}");
  }

  RegistryClient withPassword() {
    return registry.client().credentials(registry.name(), Credentials.basic("joe", SECRET)).build();
  }

  Descriptor resolve(RegistryClient client, String rest) {
    return client.resolve(registry.reference(rest));
  }

  RuncibleException failure(RegistryClient client) {
    try (client) {
      return catchThrowableOfType(RuncibleException.class, () -> resolve(client, "team/app:1"));
    }
  }

  List<RecordedRequest> tokenRequests() {
    return registry.requests.stream().filter(ChallengingRegistry::isToken).toList();
  }
}
