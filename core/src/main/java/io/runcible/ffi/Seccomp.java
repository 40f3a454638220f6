package io.runcible.ffi;

import static io.runcible.ffi.NativeFunction.INT;
import static io.runcible.ffi.NativeFunction.POINTER;
import static io.runcible.ffi.NativeFunction.VOID;
import static io.runcible.ffi.NativeFunction.address;
import static io.runcible.ffi.NativeFunction.pointer;

import com.kenai.jffi.Library;
import org.jspecify.annotations.Nullable;

/** The functions of libseccomp that compile a filter. */
final class Seccomp {
  private final NativeFunction seccomp_init;
  private final NativeFunction seccomp_release;
  private final NativeFunction seccomp_arch_resolve_name;
  private final NativeFunction seccomp_arch_add;
  private final NativeFunction seccomp_syscall_resolve_name;
  private final NativeFunction seccomp_rule_add_array;
  private final NativeFunction seccomp_export_bpf;

  /**
   * Loads it.
   *
   * @throws UnsatisfiedLinkError if it cannot be loaded
   */
  Seccomp() {
    Library library = NativeFunction.library("libseccomp.so.2");
    seccomp_init = new NativeFunction(library, "seccomp_init", POINTER, INT);
    seccomp_release = new NativeFunction(library, "seccomp_release", VOID, POINTER);
    seccomp_arch_resolve_name =
        new NativeFunction(library, "seccomp_arch_resolve_name", INT, POINTER);
    seccomp_arch_add = new NativeFunction(library, "seccomp_arch_add", INT, POINTER, INT);
    seccomp_syscall_resolve_name =
        new NativeFunction(library, "seccomp_syscall_resolve_name", INT, POINTER);
    seccomp_rule_add_array =
        new NativeFunction(library, "seccomp_rule_add_array", INT, POINTER, INT, INT, INT, POINTER);
    seccomp_export_bpf = new NativeFunction(library, "seccomp_export_bpf", INT, POINTER, INT);
  }

  @Nullable Pointer seccomp_init(int defaultAction) {
    return pointer(seccomp_init.call(defaultAction));
  }

  void seccomp_release(Pointer filter) {
    seccomp_release.call(address(filter));
  }

  int seccomp_arch_resolve_name(byte[] name) {
    return seccomp_arch_resolve_name.with().in(name).callInt();
  }

  int seccomp_arch_add(Pointer filter, int architecture) {
    return seccomp_arch_add.callInt(address(filter), architecture);
  }

  int seccomp_syscall_resolve_name(byte[] name) {
    return seccomp_syscall_resolve_name.with().in(name).callInt();
  }

  int seccomp_rule_add_array(
      Pointer filter, int action, int call, int count, @Nullable Pointer comparisons) {
    return seccomp_rule_add_array.callInt(
        address(filter), action, call, count, address(comparisons));
  }

  int seccomp_export_bpf(Pointer filter, int fd) {
    return seccomp_export_bpf.callInt(address(filter), fd);
  }
}
