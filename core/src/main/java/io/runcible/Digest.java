package io.runcible;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Objects;

/**
 * The content digest of the OCI image specification: an algorithm and lower-case hex, written
 * {@code sha256:…}. Only registered algorithms of full length are accepted, so a digest can be used
 * in a path or a URL as it is.
 *
 * @param algorithm {@code sha256} or {@code sha512}
 * @param hex the hash in lower-case hex, of the algorithm's length
 */
public record Digest(String algorithm, String hex) {

  /**
   * Checks both parts.
   *
   * @throws RuncibleException INVALID_INPUT for an unknown algorithm, a wrong length or a character
   *     that is not lower-case hex
   */
  public Digest {
    Objects.requireNonNull(algorithm, "algorithm");
    Objects.requireNonNull(hex, "hex");
    int length =
        switch (algorithm) {
          case "sha256" -> 64;
          case "sha512" -> 128;
          default ->
              throw invalid(algorithm + ":" + hex, "the algorithm is neither sha256 nor sha512");
        };
    if (hex.length() != length) {
      throw invalid(algorithm + ":" + hex, "a " + algorithm + " has " + length + " hex digits");
    }
    for (int i = 0; i < length; i++) {
      char c = hex.charAt(i);
      if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
        throw invalid(algorithm + ":" + hex, "it has a character that is not lower-case hex");
      }
    }
  }

  /**
   * Reads {@code algorithm:hex}.
   *
   * @throws RuncibleException INVALID_INPUT as the constructor
   */
  public static Digest parse(String text) {
    int colon = text.indexOf(':');
    if (colon < 0) {
      throw invalid(text, "it has no colon");
    }
    return new Digest(text.substring(0, colon), text.substring(colon + 1));
  }

  /** The SHA-256 of some bytes. */
  public static Digest sha256(byte[] content) {
    return finish("sha256", hasher("sha256").update(content, 0, content.length));
  }

  /** A running hash of this digest's algorithm, for checking content against it. */
  public Hasher hasher() {
    return hasher(algorithm);
  }

  /** A running SHA-256. */
  public static Hasher sha256Hasher() {
    return hasher("sha256");
  }

  private static Hasher hasher(String algorithm) {
    try {
      return new Hasher(
          algorithm, MessageDigest.getInstance(algorithm.equals("sha256") ? "SHA-256" : "SHA-512"));
    } catch (NoSuchAlgorithmException e) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED, "this Java runtime has no " + algorithm + " digest", e);
    }
  }

  private static Digest finish(String algorithm, Hasher hasher) {
    return new Digest(algorithm, HexFormat.of().formatHex(hasher.hash.digest()));
  }

  private static RuncibleException invalid(String text, String reason) {
    String shown = text.length() > 150 ? text.substring(0, 150) + "…" : text;
    return new RuncibleException(
        ErrorKind.INVALID_INPUT, "'" + shown + "' is not a digest: " + reason);
  }

  // The first call of what a record has by itself takes the JVM tens of milliseconds.
  @Override
  public boolean equals(Object other) {
    return other instanceof Digest digest
        && algorithm.equals(digest.algorithm)
        && hex.equals(digest.hex);
  }

  @Override
  public int hashCode() {
    return 31 * algorithm.hashCode() + hex.hashCode();
  }

  /** {@code algorithm:hex}. */
  @Override
  public String toString() {
    return algorithm + ":" + hex;
  }

  /** A hash under way. Not thread-safe. */
  public static final class Hasher {
    private final String algorithm;
    private final MessageDigest hash;

    private Hasher(String algorithm, MessageDigest hash) {
      this.algorithm = algorithm;
      this.hash = hash;
    }

    /** A running SHA-256 by another implementation than the Java runtime's; owned from now on. */
    public static Hasher sha256(MessageDigest implementation) {
      return new Hasher("sha256", implementation);
    }

    /** Adds bytes. */
    public Hasher update(byte[] bytes, int offset, int length) {
      hash.update(bytes, offset, length);
      return this;
    }

    /** Ends the hash; the hasher starts anew. */
    public Digest finish() {
      return Digest.finish(algorithm, this);
    }
  }
}
