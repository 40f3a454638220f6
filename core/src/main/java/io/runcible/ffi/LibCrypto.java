package io.runcible.ffi;

import static io.runcible.ffi.NativeFunction.INT;
import static io.runcible.ffi.NativeFunction.LONG;
import static io.runcible.ffi.NativeFunction.POINTER;
import static io.runcible.ffi.NativeFunction.address;

import com.kenai.jffi.Library;

/** The functions of OpenSSL (libcrypto) that hash. */
final class LibCrypto {
  private final NativeFunction SHA256_Init;
  private final NativeFunction SHA256_Update;
  private final NativeFunction SHA256_Final;

  /**
   * Loads it.
   *
   * @throws UnsatisfiedLinkError if it cannot be loaded
   */
  LibCrypto(String name) {
    Library library = NativeFunction.library(name);
    SHA256_Init = new NativeFunction(library, "SHA256_Init", INT, POINTER);
    SHA256_Update = new NativeFunction(library, "SHA256_Update", INT, POINTER, POINTER, LONG);
    SHA256_Final = new NativeFunction(library, "SHA256_Final", INT, POINTER, POINTER);
  }

  int SHA256_Init(Pointer context) {
    return SHA256_Init.callInt(address(context));
  }

  int SHA256_Update(Pointer context, Pointer data, long length) {
    return SHA256_Update.callInt(address(context), address(data), length);
  }

  int SHA256_Final(Pointer digest, Pointer context) {
    return SHA256_Final.callInt(address(digest), address(context));
  }
}
