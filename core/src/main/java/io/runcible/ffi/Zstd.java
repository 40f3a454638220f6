package io.runcible.ffi;

import jnr.ffi.Pointer;

/**
 * The functions of libzstd that decompress a stream and compress a block. Public only because
 * jnr-ffi generates an implementation of it.
 */
public interface Zstd {
  Pointer ZSTD_createDCtx();

  long ZSTD_freeDCtx(Pointer context);

  long ZSTD_DCtx_setParameter(Pointer context, int parameter, int value);

  long ZSTD_decompressStream(Pointer context, Pointer output, Pointer input);

  Pointer ZSTD_createCCtx();

  long ZSTD_freeCCtx(Pointer context);

  long ZSTD_CCtx_setParameter(Pointer context, int parameter, int value);

  long ZSTD_compress2(
      Pointer context, Pointer output, long capacity, Pointer input, long inputLength);

  long ZSTD_compressBound(long inputLength);

  int ZSTD_isError(long code);

  String ZSTD_getErrorName(long code);
}
