package io.runcible.ffi;

import static io.runcible.ffi.NativeFunction.INT;
import static io.runcible.ffi.NativeFunction.POINTER;
import static io.runcible.ffi.NativeFunction.VOID;
import static io.runcible.ffi.NativeFunction.address;

import com.kenai.jffi.Library;

/** The functions of ISA-L that inflate. */
final class Isal {
  private final NativeFunction isal_inflate_init;
  private final NativeFunction isal_inflate;

  /**
   * Loads it.
   *
   * @throws UnsatisfiedLinkError if it cannot be loaded
   */
  Isal() {
    Library library = NativeFunction.library("libisal.so.2");
    isal_inflate_init = new NativeFunction(library, "isal_inflate_init", VOID, POINTER);
    isal_inflate = new NativeFunction(library, "isal_inflate", INT, POINTER);
  }

  void isal_inflate_init(Pointer state) {
    isal_inflate_init.call(address(state));
  }

  int isal_inflate(Pointer state) {
    return isal_inflate.callInt(address(state));
  }
}
