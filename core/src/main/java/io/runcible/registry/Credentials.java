package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What proves to a registry who is asking: a user name with a password, or an identity token that a
 * token server exchanges for access. Immutable; the secret part is in no text form of it.
 */
public final class Credentials {
  private static final int MAX_LENGTH = 64 * 1024;

  private final @Nullable String username;
  private final String secret;

  private Credentials(@Nullable String username, String secret) {
    this.username = username;
    this.secret = secret;
  }

  /**
   * A user name with a password or an access token that stands for one.
   *
   * @throws RuncibleException INVALID_INPUT when the name has a colon, or either has a control
   *     character or is longer than 64 KiB
   */
  public static Credentials basic(String username, String password) {
    check("user name", username);
    check("password", password);
    if (username.indexOf(':') >= 0) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "a user name for a registry must not contain a colon");
    }
    return new Credentials(username, password);
  }

  /**
   * An identity token, also called refresh token, such as a login leaves behind.
   *
   * @throws RuncibleException INVALID_INPUT when it is empty, has a control character or is longer
   *     than 64 KiB
   */
  public static Credentials identityToken(String token) {
    check("identity token", token);
    if (token.isEmpty()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "an identity token for a registry must not be empty");
    }
    return new Credentials(null, token);
  }

  private static void check(String what, String text) {
    if (text.length() > MAX_LENGTH || text.chars().anyMatch(Character::isISOControl)) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "the " + what + " for a registry has a control character or is longer than 64 KiB");
    }
  }

  /** The user name; empty for an identity token. */
  public Optional<String> username() {
    return Optional.ofNullable(username);
  }

  /** The identity token, when it is one. */
  Optional<String> identityToken() {
    return username == null ? Optional.of(secret) : Optional.empty();
  }

  /** The value of an {@code Authorization} header (RFC 7617), for a user name with a password. */
  Optional<String> basicHeader() {
    return pair()
        .map(pair -> pair.getBytes(StandardCharsets.UTF_8))
        .map(pair -> "Basic " + Base64.getEncoder().encodeToString(pair));
  }

  /** The user name, a colon and the password. */
  Optional<String> pair() {
    return username().map(user -> user + ":" + secret);
  }

  /** The password or the token, for who keeps it. */
  String secret() {
    return secret;
  }

  /** Says what kind they are, and not what they are. */
  @Override
  public String toString() {
    return username == null ? "Credentials[identity token]" : "Credentials[user and password]";
  }
}
