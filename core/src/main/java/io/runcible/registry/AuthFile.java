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
import org.jspecify.annotations.Nullable;

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
    try {
      raw = bytes(path);
    } catch (NoSuchFileException | NotDirectoryException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "cannot read the registry credentials in " + path + ": " + e,
          e);
    }
    return Optional.of(new AuthFile(path, parse(path, raw)));
  }

  /** The content of a file, or of one that is too large a bit more than is allowed. */
  static byte[] bytes(Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      return in.readNBytes(MAX_SIZE + 1);
    }
  }

  static ObjectNode parse(Path path, byte[] raw) {
    Optional<ObjectNode> content = raw.length > MAX_SIZE ? Optional.empty() : Json.object(raw);
    return content.orElseThrow(
        () -> invalid(path, "it is not a JSON object of at most " + MAX_SIZE + " bytes"));
  }

  /**
   * Sets what a file has for a registry or a part of it, under one key.
   *
   * @param entry the credentials; null when a helper has them
   */
  static void set(ObjectNode file, Path path, String key, @Nullable Credentials entry) {
    String written = writtenKey(file, path, key);
    remove(file, key);
    ObjectNode auths = auths(file);
    ObjectNode node = auths.putObject(written);
    if (entry != null) {
      // Podman wants a user even beside an identity token.
      String pair = entry.pair().orElse(TOKEN_USER + ":");
      node.put("auth", Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)));
      entry.identityToken().ifPresent(token -> node.put("identitytoken", token));
    }
  }

  /** Removes all that a file has for a registry or a part of it, and says whether it had any. */
  static boolean remove(ObjectNode file, String key) {
    return file.path("auths") instanceof ObjectNode auths
        && auths.properties().removeIf(entry -> isKeyOf(entry.getKey(), key));
  }

  private static ObjectNode auths(ObjectNode file) {
    return file.get("auths") instanceof ObjectNode auths ? auths : file.putObject("auths");
  }

  private static boolean isKeyOf(String written, String key) {
    return written.equals(key) || (key.indexOf('/') < 0 && isRegistry(written, key));
  }

  /** Docker's address does not count as a repository, unlike a name with a slash. */
  private static boolean isRegistry(String written, String registry) {
    boolean address = written.contains("://") || written.endsWith("/v1/");
    return (address || written.indexOf('/') < 0) && isAddressOf(written, registry);
  }

  /** Docker's registry is called in a file as it is there, or as who owns the file calls it. */
  private static String writtenKey(ObjectNode file, Path path, String key) {
    if (!key.equals(DOCKER)) {
      return key;
    }
    boolean dockers = String.valueOf(path.getFileName()).equals("config.json");
    boolean podmans = file.path("auths").has(DOCKER);
    boolean already = file.path("auths").has(DOCKER_ADDRESS);
    return already || (dockers && !podmans) ? DOCKER_ADDRESS : DOCKER;
  }

  private static RuncibleException invalid(Path path, String reason) {
    return invalid("the registry credentials in " + path, reason);
  }

  private static RuncibleException invalid(String where, String reason) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, "cannot read " + where + ": " + reason);
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

  /** Whether the file has an entry for a registry or a part of it, even an empty one. */
  boolean has(String key) {
    JsonNode auths = content.path("auths");
    return auths.properties().stream().anyMatch(entry -> isKeyOf(entry.getKey(), key));
  }

  /** The credentials in the file itself, those with the longest matching key. */
  Optional<Credentials> credentials(String registry, String repository) {
    JsonNode auths = content.path("auths");
    for (String key : exactKeys(registry, repository)) {
      Optional<Credentials> found = credentials(where(), key, auths.path(key));
      if (found.isPresent()) {
        return found;
      }
    }
    for (Map.Entry<String, JsonNode> entry : auths.properties()) {
      if (isAddressOf(entry.getKey(), registry)) {
        Optional<Credentials> found = credentials(where(), entry.getKey(), entry.getValue());
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

  private String where() {
    return "the registry credentials in " + path;
  }

  /**
   * What one entry holds.
   *
   * @param where the file, for the message
   */
  static Optional<Credentials> credentials(String where, String key, JsonNode entry) {
    Optional<String> identityToken = Json.text(entry, "identitytoken");
    if (identityToken.isPresent()) {
      return identityToken.map(Credentials::identityToken);
    }
    Optional<String> auth = Json.text(entry, "auth");
    if (auth.isPresent()) {
      return auth.map(text -> decode(where, key, text));
    }
    Optional<String> username = Json.text(entry, "username");
    return username.map(name -> of(name, Json.text(entry, "password").orElse("")));
  }

  private static Credentials decode(String where, String key, String auth) {
    String pair;
    try {
      byte[] decoded = Base64.getDecoder().decode(auth.trim());
      pair = new String(decoded, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      // The cause would quote the text.
      throw invalid(where, "the 'auth' of " + ForeignText.shown(key, 100) + " is not base64");
    }
    int colon = pair.indexOf(':');
    if (colon < 0) {
      throw invalid(where, "the 'auth' of " + ForeignText.shown(key, 100) + " has no colon");
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
