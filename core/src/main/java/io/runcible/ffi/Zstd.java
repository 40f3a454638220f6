package io.runcible.ffi;

import static io.runcible.ffi.NativeFunction.INT;
import static io.runcible.ffi.NativeFunction.LONG;
import static io.runcible.ffi.NativeFunction.POINTER;
import static io.runcible.ffi.NativeFunction.address;
import static io.runcible.ffi.NativeFunction.pointer;

import com.kenai.jffi.Library;
import org.jspecify.annotations.Nullable;

/** The functions of libzstd that decompress a stream and compress a block. */
final class Zstd {
  private final NativeFunction ZSTD_createDCtx;
  private final NativeFunction ZSTD_freeDCtx;
  private final NativeFunction ZSTD_DCtx_setParameter;
  private final NativeFunction ZSTD_decompressStream;
  private final NativeFunction ZSTD_createCCtx;
  private final NativeFunction ZSTD_freeCCtx;
  private final NativeFunction ZSTD_CCtx_setParameter;
  private final NativeFunction ZSTD_compress2;
  private final NativeFunction ZSTD_compressBound;
  private final NativeFunction ZSTD_isError;
  private final NativeFunction ZSTD_getErrorName;

  /**
   * Loads it.
   *
   * @throws UnsatisfiedLinkError if it cannot be loaded
   */
  Zstd() {
    Library library = NativeFunction.library("libzstd.so.1");
    ZSTD_createDCtx = new NativeFunction(library, "ZSTD_createDCtx", POINTER);
    ZSTD_freeDCtx = new NativeFunction(library, "ZSTD_freeDCtx", LONG, POINTER);
    ZSTD_DCtx_setParameter =
        new NativeFunction(library, "ZSTD_DCtx_setParameter", LONG, POINTER, INT, INT);
    ZSTD_decompressStream =
        new NativeFunction(library, "ZSTD_decompressStream", LONG, POINTER, POINTER, POINTER);
    ZSTD_createCCtx = new NativeFunction(library, "ZSTD_createCCtx", POINTER);
    ZSTD_freeCCtx = new NativeFunction(library, "ZSTD_freeCCtx", LONG, POINTER);
    ZSTD_CCtx_setParameter =
        new NativeFunction(library, "ZSTD_CCtx_setParameter", LONG, POINTER, INT, INT);
    ZSTD_compress2 =
        new NativeFunction(library, "ZSTD_compress2", LONG, POINTER, POINTER, LONG, POINTER, LONG);
    ZSTD_compressBound = new NativeFunction(library, "ZSTD_compressBound", LONG, LONG);
    ZSTD_isError = new NativeFunction(library, "ZSTD_isError", INT, LONG);
    ZSTD_getErrorName = new NativeFunction(library, "ZSTD_getErrorName", POINTER, LONG);
  }

  @Nullable Pointer ZSTD_createDCtx() {
    return pointer(ZSTD_createDCtx.call());
  }

  long ZSTD_freeDCtx(Pointer context) {
    return ZSTD_freeDCtx.call(address(context));
  }

  long ZSTD_DCtx_setParameter(Pointer context, int parameter, int value) {
    return ZSTD_DCtx_setParameter.call(address(context), parameter, value);
  }

  long ZSTD_decompressStream(Pointer context, Pointer output, Pointer input) {
    return ZSTD_decompressStream.call(address(context), address(output), address(input));
  }

  @Nullable Pointer ZSTD_createCCtx() {
    return pointer(ZSTD_createCCtx.call());
  }

  long ZSTD_freeCCtx(Pointer context) {
    return ZSTD_freeCCtx.call(address(context));
  }

  long ZSTD_CCtx_setParameter(Pointer context, int parameter, int value) {
    return ZSTD_CCtx_setParameter.call(address(context), parameter, value);
  }

  long ZSTD_compress2(
      Pointer context, Pointer output, long capacity, Pointer input, long inputLength) {
    return ZSTD_compress2.call(
        address(context), address(output), capacity, address(input), inputLength);
  }

  long ZSTD_compressBound(long inputLength) {
    return ZSTD_compressBound.call(inputLength);
  }

  int ZSTD_isError(long code) {
    return ZSTD_isError.callInt(code);
  }

  String ZSTD_getErrorName(long code) {
    return Pointer.text(ZSTD_getErrorName.call(code));
  }
}
