package io.runcible.archive;

import io.runcible.Digest;
import io.runcible.ffi.NativeSha256;

/** Hashes for content that may be large, such as layers. */
public final class Hashers {
  private Hashers() {}

  /** A running SHA-256: OpenSSL's where the host has it, otherwise the Java runtime's. */
  public static Digest.Hasher sha256() {
    return NativeSha256.isAvailable()
        ? Digest.Hasher.sha256(NativeSha256.open())
        : Digest.sha256Hasher();
  }

  /** A running hash of a digest's algorithm, for checking content against it. */
  public static Digest.Hasher of(Digest digest) {
    return digest.algorithm().equals("sha256") ? sha256() : digest.hasher();
  }
}
