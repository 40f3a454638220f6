package io.runcible.ffi;

import jnr.ffi.Pointer;
import jnr.ffi.annotations.In;
import org.jspecify.annotations.Nullable;

/**
 * The functions of libseccomp that compile a filter. Public only because jnr-ffi generates an
 * implementation of it.
 */
public interface Seccomp {
  @Nullable Pointer seccomp_init(int defaultAction);

  void seccomp_release(Pointer filter);

  int seccomp_arch_resolve_name(@In byte[] name);

  int seccomp_arch_add(Pointer filter, int architecture);

  int seccomp_syscall_resolve_name(@In byte[] name);

  int seccomp_rule_add_array(
      Pointer filter, int action, int call, int count, @Nullable Pointer comparisons);

  int seccomp_export_bpf(Pointer filter, int fd);
}
