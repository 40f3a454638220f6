package io.runcible.ffi;

import java.lang.ref.Reference;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * SHA-256 by OpenSSL. The Java runtime's own is as fast once its compiler has seen to it; this one
 * is so from the first byte, and gives that compiler nothing to do. Not thread-safe; its memory is
 * freed when it is no longer reachable.
 */
public final class NativeSha256 extends MessageDigest {
  private static final int LENGTH = 32;
  private static final int BUFFER = 64 * 1024;

  /** SHA256_CTX has 112 bytes. */
  private static final int CONTEXT = 256;

  /** Whoever hashes is done with it when the call returns. */
  private static final ThreadLocal<Pointer> SCRATCH =
      ThreadLocal.withInitial(() -> Native.allocate(BUFFER));

  private final LibCrypto crypto;
  private final Pointer context = Native.allocate(CONTEXT);

  private NativeSha256(LibCrypto crypto) {
    super("SHA-256");
    this.crypto = crypto;
    engineReset();
  }

  /** Whether the library is there and works. Never throws. */
  public static boolean isAvailable() {
    return Holder.CRYPTO != null;
  }

  /**
   * A new hash.
   *
   * @throws IllegalStateException unless {@link #isAvailable()}
   */
  public static NativeSha256 open() {
    LibCrypto crypto = Holder.CRYPTO;
    if (crypto == null) {
      throw new IllegalStateException("libcrypto is not available");
    }
    return new NativeSha256(crypto);
  }

  @Override
  protected int engineGetDigestLength() {
    return LENGTH;
  }

  @Override
  protected void engineReset() {
    crypto.SHA256_Init(context);
    Reference.reachabilityFence(this);
  }

  @Override
  protected void engineUpdate(byte input) {
    engineUpdate(new byte[] {input}, 0, 1);
  }

  @Override
  protected void engineUpdate(byte[] input, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, input.length);
    Pointer buffer = SCRATCH.get();
    for (int done = 0; done < length; ) {
      int count = Math.min(BUFFER, length - done);
      buffer.put(0, input, offset + done, count);
      crypto.SHA256_Update(context, buffer, count);
      done += count;
    }
    Reference.reachabilityFence(buffer);
    Reference.reachabilityFence(this);
  }

  @Override
  protected byte[] engineDigest() {
    Pointer buffer = SCRATCH.get();
    crypto.SHA256_Final(buffer, context);
    byte[] digest = new byte[LENGTH];
    buffer.get(0, digest, 0, LENGTH);
    engineReset();
    return digest;
  }

  /** Loaded on first use, and tried, because the functions are old ones that may go one day. */
  private static final class Holder {
    static final @Nullable LibCrypto CRYPTO = load();

    private static @Nullable LibCrypto load() {
      if (!NativeAccess.isAvailable()) {
        return null;
      }
      for (String name : List.of("libcrypto.so.3", "libcrypto.so.1.1")) {
        try {
          LibCrypto crypto = new LibCrypto(name);
          if (works(new NativeSha256(crypto))) {
            return crypto;
          }
        } catch (RuntimeException | LinkageError e) {
          // The next, or the Java runtime's.
        }
      }
      return null;
    }

    /** The example "abc" of FIPS 180-2. */
    private static boolean works(NativeSha256 hash) {
      byte[] abc = {
        (byte) 0xba,
        0x78,
        0x16,
        (byte) 0xbf,
        (byte) 0x8f,
        0x01,
        (byte) 0xcf,
        (byte) 0xea,
        0x41,
        0x41,
        0x40,
        (byte) 0xde,
        0x5d,
        (byte) 0xae,
        0x22,
        0x23,
        (byte) 0xb0,
        0x03,
        0x61,
        (byte) 0xa3,
        (byte) 0x96,
        0x17,
        0x7a,
        (byte) 0x9c,
        (byte) 0xb4,
        0x10,
        (byte) 0xff,
        0x61,
        (byte) 0xf2,
        0x00,
        0x15,
        (byte) 0xad
      };
      return Arrays.equals(abc, hash.digest(new byte[] {'a', 'b', 'c'}));
    }
  }
}
