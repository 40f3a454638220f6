package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.Digest;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * Who may use a server (basic authentication, RFC 7617). Keeps hashes of the passwords only, and
 * takes the same time for every wrong one.
 */
final class Users {
  private static final String SCHEME = "basic ";

  private final List<byte[]> hashes;

  /**
   * Makes a list.
   *
   * @param passwords by the names of users; nobody for anybody
   */
  Users(Map<String, String> passwords) {
    hashes =
        passwords.entrySet().stream()
            .map(entry -> hash((entry.getKey() + ":" + entry.getValue()).getBytes(UTF_8)))
            .toList();
  }

  private static byte[] hash(byte[] credentials) {
    return Digest.sha256(credentials).hex().getBytes(UTF_8);
  }

  /** Whether a request with this header, or an empty text, is of a user. */
  boolean allow(String authorization) {
    if (hashes.isEmpty()) {
      return true;
    }
    if (!authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      return false;
    }
    byte[] given;
    try {
      given = hash(Base64.getDecoder().decode(authorization.substring(SCHEME.length()).strip()));
    } catch (IllegalArgumentException e) {
      return false;
    }
    boolean known = false;
    for (byte[] hash : hashes) {
      known |= MessageDigest.isEqual(hash, given);
    }
    return known;
  }
}
