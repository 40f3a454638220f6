package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import java.time.Clock;
import java.util.Locale;
import java.util.Optional;
import okhttp3.Request;
import okhttp3.Response;

/** Tries credentials out before they are kept, and forgets them. */
final class Login {
  private final HttpTransport transport;
  private final Routes routes;
  private final Clock clock;
  private final CredentialStore store;

  Login(HttpTransport transport, Routes routes, Clock clock, CredentialStore store) {
    this.transport = transport;
    this.routes = routes;
    this.clock = clock;
    this.store = store;
  }

  /** Keeps credentials that the registry takes. */
  void keep(String registry, Credentials credentials) {
    String key = key(registry);
    verify(key, credentials);
    store.store(key, credentials);
  }

  /** Whether there were credentials. */
  boolean forget(String registry) {
    return store.erase(key(registry));
  }

  /** A registry or a part of it, in the form of the files of credentials. */
  private static String key(String text) {
    int slash = text.indexOf('/');
    String host = (slash < 0 ? text : text.substring(0, slash)).toLowerCase(Locale.ROOT);
    try {
      String registry = ImageReference.parse(host + "/x").registry();
      if (!ShortNames.isShort(host + "/x")) {
        return slash < 0 ? registry : registry + checkedPart(host, text.substring(slash));
      }
    } catch (RuncibleException e) {
      throw new RuncibleException(e.kind(), "cannot log in: " + e.getMessage(), e);
    }
    throw new RuncibleException(
        ErrorKind.INVALID_INPUT,
        "cannot log in to '"
            + ForeignText.shown(text, 100)
            + "': a registry is a host with a dot, a port, or localhost");
  }

  private static String checkedPart(String host, String part) {
    ImageReference reference = ImageReference.parse(host + part);
    if (part.indexOf(':') >= 0 || part.indexOf('@') >= 0) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "credentials are not for a tag or a digest: " + reference);
    }
    return part;
  }

  /** Asks the registry for the base of its API with these credentials. */
  private void verify(String key, Credentials credentials) {
    int slash = key.indexOf('/');
    String registry = slash < 0 ? key : key.substring(0, slash);
    Operation operation = routes.registry("log in to " + key, registry, Access.PULL);
    TokenAuthenticator authenticator = new TokenAuthenticator(transport, only(credentials), clock);
    transport.call(
        operation,
        authenticator::send,
        new Request.Builder().url(operation.endpoint().base()).build(),
        response -> {
          try (Response good = transport.expect(operation, response, 200)) {
            return good.code();
          }
        });
  }

  private static CredentialStore only(Credentials credentials) {
    return new CredentialStore() {
      @Override
      public Optional<Credentials> find(String registry, String repository) {
        return Optional.of(credentials);
      }

      @Override
      public String description() {
        return "the login";
      }
    };
  }
}
