package io.runcible.ffi;

import jnr.ffi.Pointer;

/**
 * The function of ISA-L (libisal) that inflates. Public only because jnr-ffi generates an
 * implementation of it.
 */
public interface Isal {
  void isal_inflate_init(Pointer state);

  void isal_inflate_reset(Pointer state);

  int isal_inflate(Pointer state);
}
