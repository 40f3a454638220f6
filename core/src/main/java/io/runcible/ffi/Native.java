package io.runcible.ffi;

import com.kenai.jffi.LastError;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.AccessController;
import java.security.PrivilegedAction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Holds the C library, and the conversions that its callers share. */
final class Native {
  /** How the kernel's bytes and Java's host paths translate. */
  static final Charset PATHS = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));

  static final boolean ARM64 = System.getProperty("os.arch", "").equals("aarch64");

  private Native() {}

  /**
   * The C library.
   *
   * @throws RuncibleException UNSUPPORTED where it cannot be loaded, with the reason
   */
  static Libc libc() {
    Libc libc = Holder.libc;
    if (libc == null) {
      throw new RuncibleException(ErrorKind.UNSUPPORTED, Holder.whyAbsent(), Holder.FAILURE);
    }
    return libc;
  }

  /** Puts something between the library and all its callers: tests make calls fail with it. */
  static void intercept(UnaryOperator<Libc> between) {
    Holder.libc = between.apply(libc());
  }

  static @Nullable Throwable failure() {
    return Holder.FAILURE;
  }

  static String whyAbsent() {
    return Holder.whyAbsent();
  }

  /** The error number of the last call on this thread; read it at once. */
  static int errno() {
    return LastError.getInstance().get();
  }

  /** Turns a negative result into an exception that names the call and the object. */
  static int check(int result, String call, Object what) {
    if (result < 0) {
      throw new NativeException(call, errno(), String.valueOf(what));
    }
    return result;
  }

  static long check(long result, String call, Object what) {
    if (result < 0) {
      throw new NativeException(call, errno(), String.valueOf(what));
    }
    return result;
  }

  static Pointer allocate(int size) {
    return Pointer.allocate(size);
  }

  /** The bytes of a host path, NUL-terminated. */
  static byte[] cString(Path path) {
    return terminate(path.toString().getBytes(PATHS), path);
  }

  /** The bytes of ASCII text, NUL-terminated. */
  static byte[] cString(String text) {
    return terminate(text.getBytes(PATHS), text);
  }

  /** The bytes of a raw name (one char for each byte), NUL-terminated. */
  static byte[] rawCString(String name) {
    return terminate(name.getBytes(StandardCharsets.ISO_8859_1), name);
  }

  private static byte[] terminate(byte[] bytes, Object what) {
    for (byte b : bytes) {
      if (b == 0) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, "'" + what + "' has a NUL character and cannot be a path");
      }
    }
    return java.util.Arrays.copyOf(bytes, bytes.length + 1);
  }

  /** Loaded on first use, so that a failure is an answer and not an error of class loading. */
  private static final class Holder {
    static final @Nullable Throwable FAILURE;
    static volatile @Nullable Libc libc;

    static {
      Libc loaded = null;
      Throwable failure = null;
      if (System.getProperty("os.name", "").equals("Linux")) {
        try {
          loaded = load();
        } catch (RuntimeException | LinkageError e) {
          failure = e;
        }
      }
      libc = loaded;
      FAILURE = failure;
    }

    /**
     * The binding starts a thread when it is first used, which never ends and, up to JDK 23, keeps
     * the classes of all who are on the stack. Those of a caller are not to be among them: it may
     * be one of many applications that share this class, and go.
     */
    @SuppressWarnings("removal")
    private static Libc load() {
      return AccessController.doPrivileged((PrivilegedAction<Libc>) LoadedLibc::new);
    }

    static String whyAbsent() {
      if (FAILURE == null) {
        return "containers run on Linux, and this is "
            + System.getProperty("os.name")
            + "; registries, layouts and copies work here";
      }
      return "the native library could not be loaded ("
          + FAILURE.getMessage()
          + "); if the temporary directory is mounted noexec, name another one with"
          + " -Djffi.extract.dir";
    }
  }
}
