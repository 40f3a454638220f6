package io.runcible.ffi;

import static io.runcible.ffi.Native.libc;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Compiles a seccomp filter with libseccomp, as the runtimes do. What is not ruled fails with an
 * error number; what is of another architecture than those of the filter is killed. Not
 * thread-safe; to be closed.
 */
public final class SeccompCompiler implements AutoCloseable {
  private static final int ALLOW = 0x7fff0000;
  private static final int ERRNO = 0x00050000;
  private static final int NO_CALL = -1;
  private static final int COMPARISON_SIZE = 24;
  private static final int CLOEXEC = 1;

  /** The operators of the runtime specification in the order of libseccomp's numbers, from 1 on. */
  private static final List<String> OPERATORS =
      List.of(
          "SCMP_CMP_NE",
          "SCMP_CMP_LT",
          "SCMP_CMP_LE",
          "SCMP_CMP_EQ",
          "SCMP_CMP_GE",
          "SCMP_CMP_GT",
          "SCMP_CMP_MASKED_EQ");

  private final Seccomp library;
  private final Pointer filter;
  private final int defaultAction;

  /**
   * What an argument of a call must be.
   *
   * @param index of the argument, from 0 on
   * @param operator as the runtime specification names it
   * @param value what it is compared with, or the mask
   * @param valueTwo what it is compared with under a mask
   */
  public record Comparison(int index, String operator, long value, long valueTwo) {}

  private SeccompCompiler(Seccomp library, Pointer filter, int defaultAction) {
    this.library = library;
    this.filter = filter;
    this.defaultAction = defaultAction;
  }

  /**
   * Begins a filter for the architecture of this host.
   *
   * @param defaultErrno what a call without a rule fails with
   * @throws RuncibleException UNSUPPORTED without libseccomp
   */
  public static SeccompCompiler open(int defaultErrno) {
    Seccomp library = Holder.LIBRARY;
    if (library == null) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "libseccomp.so.2 cannot be loaded; on Debian and Ubuntu: apt-get install libseccomp2");
    }
    int action = ERRNO | defaultErrno;
    Pointer filter = library.seccomp_init(action);
    if (filter == null) {
      throw new RuncibleException(ErrorKind.UNSUPPORTED, "libseccomp makes no filter here");
    }
    return new SeccompCompiler(library, filter, action);
  }

  /** Adds an architecture, by its name in the runtime specification without what all begin with. */
  public void architecture(String name) {
    int token = library.seccomp_arch_resolve_name(Native.cString(name));
    int result = token == 0 ? -Errno.EINVAL : library.seccomp_arch_add(filter, token);
    if (result != -Errno.EEXIST) {
      require(result, "architecture " + name);
    }
  }

  /**
   * Adds a rule. A call that the library does not know, or the architecture does not have, is left
   * out: nobody can make it.
   *
   * @param errno what the call fails with; empty if it is allowed
   * @param comparisons all of them hold, each of another argument
   */
  public void rule(String call, OptionalInt errno, List<Comparison> comparisons) {
    int action = errno.isPresent() ? ERRNO | errno.getAsInt() : ALLOW;
    int number = library.seccomp_syscall_resolve_name(Native.cString(call));
    if (number == NO_CALL || action == defaultAction) {
      return;
    }
    Pointer array = comparisons.isEmpty() ? null : array(comparisons);
    int result = library.seccomp_rule_add_array(filter, action, number, comparisons.size(), array);
    Reference.reachabilityFence(array);
    require(result, "rule for " + call);
  }

  private static Pointer array(List<Comparison> comparisons) {
    Pointer array = Native.allocate(COMPARISON_SIZE * comparisons.size());
    int at = 0;
    for (Comparison one : comparisons) {
      int operator = OPERATORS.indexOf(one.operator()) + 1;
      if (operator == 0) {
        throw new RuncibleException(
            ErrorKind.UNSUPPORTED, "there is no comparison '" + one.operator() + "'");
      }
      array.putInt(at, one.index());
      array.putInt(at + 4, operator);
      array.putLong(at + 8, one.value());
      array.putLong(at + 16, one.valueTwo());
      at += COMPARISON_SIZE;
    }
    return array;
  }

  private static void require(int result, String what) {
    if (result < 0) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED, "libseccomp refuses the " + what + " with error " + -result);
    }
  }

  /** The instructions for the kernel (struct sock_filter). */
  public byte[] program() {
    Path name = Path.of("seccomp");
    int fd = libc().memfd_create(Native.cString(name), CLOEXEC);
    try (FileDescriptor file = new FileDescriptor(Native.check(fd, "memfd_create", name), name)) {
      require(library.seccomp_export_bpf(filter, file.value()), "filter");
      return Files.readAllBytes(Path.of(file.procPath()));
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot read a seccomp filter", e);
    }
  }

  @Override
  public void close() {
    library.seccomp_release(filter);
  }

  /** Loaded on first use. */
  private static final class Holder {
    static final @Nullable Seccomp LIBRARY = load();

    private static @Nullable Seccomp load() {
      if (!NativeAccess.isAvailable()) {
        return null;
      }
      try {
        return new Seccomp();
      } catch (RuntimeException | LinkageError e) {
        return null;
      }
    }
  }
}
