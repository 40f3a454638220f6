package io.runcible.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One file of credentials in the format of Docker's {@code config.json}. */
final class AuthFile {
  private static final int MAX_SIZE = 4 * 1024 * 1024;
  private static final String DOCKER = "docker.io";
  private static final String DOCKER_ADDRESS = "https://index.docker.io/v1/";

  /** A user name that marks the password as an identity token. */
  static final String TOKEN_USER = "<token>";

  private final Path path;
  private final JsonNode content;

  private AuthFile(Path path, JsonNode content) {
    this.path = path;
    this.content = content;
  }

  /** Reads a file; empty when there is none. */
  static Optional<AuthFile> read(Path path) {
    byte[] raw;
    try (InputStream in = Files.newInputStream(path)) {
      raw = in.readNBytes(MAX_SIZE + 1);
    } catch (NoSuchFileException | NotDirectoryException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "cannot read the registry credentials in " + path + ": " + e,
          e);
    }
    Optional<ObjectNode> content = raw.length > MAX_SIZE ? Optional.empty() : Json.object(raw);
    return Optional.of(
        new AuthFile(
            path,
            content.orElseThrow(
                () -> invalid(path, "it is not a JSON object of at most " + MAX_SIZE + " bytes"))));
  }

  private static RuncibleException invalid(Path path, String reason) {
    return new RuncibleException(
        ErrorKind.INVALID_INPUT, "cannot read the registry credentials in " + path + ": " + reason);
  }

  /** The name by which Docker and its helpers know a registry. */
  static String serverAddress(String registry) {
    return registry.equals(DOCKER) ? DOCKER_ADDRESS : registry;
  }

  /** The helper for one registry. */
  Optional<String> helper(String registry) {
    JsonNode helpers = content.path("credHelpers");
    return Json.text(helpers, serverAddress(registry)).or(() -> Json.text(helpers, registry));
  }

  /** The helper for all registries. */
  Optional<String> store() {
    return Json.text(content, "credsStore");
  }

  /** The credentials in the file itself, those with the longest matching key. */
  Optional<Credentials> credentials(String registry, String repository) {
    JsonNode auths = content.path("auths");
    for (String key : exactKeys(registry, repository)) {
      Optional<Credentials> found = credentials(key, auths.path(key));
      if (found.isPresent()) {
        return found;
      }
    }
    for (Map.Entry<String, JsonNode> entry : auths.properties()) {
      if (isAddressOf(entry.getKey(), registry)) {
        Optional<Credentials> found = credentials(entry.getKey(), entry.getValue());
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.empty();
  }

  /** {@code registry/team/app}, {@code registry/team}, {@code registry}. */
  private static List<String> exactKeys(String registry, String repository) {
    List<String> keys = new ArrayList<>();
    String key = registry + "/" + repository;
    for (int slash = key.length(); slash > 0; slash = key.lastIndexOf('/', slash - 1)) {
      keys.add(key.substring(0, slash));
    }
    return keys;
  }

  /** Whether a key is a URL, as Docker writes it, of a registry. */
  private static boolean isAddressOf(String key, String registry) {
    String rest;
    if (key.startsWith("https://")) {
      rest = key.substring("https://".length());
    } else if (key.startsWith("http://")) {
      rest = key.substring("http://".length());
    } else {
      rest = key;
      if (!registry.equals(DOCKER) && rest.indexOf('/') >= 0) {
        return false;
      }
    }
    int slash = rest.indexOf('/');
    String host = slash < 0 ? rest : rest.substring(0, slash);
    return host.equals(registry) || (registry.equals(DOCKER) && host.equals("index.docker.io"));
  }

  private Optional<Credentials> credentials(String key, JsonNode entry) {
    Optional<String> identityToken = Json.text(entry, "identitytoken");
    if (identityToken.isPresent()) {
      return identityToken.map(Credentials::identityToken);
    }
    Optional<String> auth = Json.text(entry, "auth");
    if (auth.isPresent()) {
      return auth.map(text -> decode(key, text));
    }
    Optional<String> username = Json.text(entry, "username");
    return username.map(name -> of(name, Json.text(entry, "password").orElse("")));
  }

  private Credentials decode(String key, String auth) {
    String pair;
    try {
      byte[] decoded = Base64.getDecoder().decode(auth.trim());
      pair = new String(decoded, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      // The cause would quote the text.
      throw invalid(path, "the 'auth' of " + ForeignText.shown(key, 100) + " is not base64");
    }
    int colon = pair.indexOf(':');
    if (colon < 0) {
      throw invalid(path, "the 'auth' of " + ForeignText.shown(key, 100) + " has no colon");
    }
    // Docker pads short passwords with zeros.
    int end = pair.length();
    while (end > colon + 1 && pair.charAt(end - 1) == 0) {
      end--;
    }
    return of(pair.substring(0, colon), pair.substring(colon + 1, end));
  }

  static Credentials of(String username, String secret) {
    return username.equals(TOKEN_USER)
        ? Credentials.identityToken(secret)
        : Credentials.basic(username, secret);
  }
}
