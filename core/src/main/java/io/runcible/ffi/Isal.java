package io.runcible.ffi;

import jnr.ffi.Pointer;

/**
 * The functions of ISA-L (libisal) that inflate. Public only because jnr-ffi generates an
 * implementation of it.
 */
public interface Isal {
  void isal_inflate_init(Pointer state);

  int isal_inflate(Pointer state);
}
