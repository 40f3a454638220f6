package io.runcible.ffi;

import jnr.ffi.Pointer;

/**
 * The functions of OpenSSL (libcrypto) that hash. Public only because jnr-ffi generates an
 * implementation of it.
 */
public interface LibCrypto {
  int SHA256_Init(Pointer context);

  int SHA256_Update(Pointer context, Pointer data, long length);

  int SHA256_Final(Pointer digest, Pointer context);
}
