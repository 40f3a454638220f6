package io.runcible.ffi;

import com.kenai.jffi.LastError;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Counts the calls of the C library in this process, and lets one of them fail. Closing it lets all
 * through again.
 */
public final class FailingCalls implements AutoCloseable {
  private final Libc original;
  private final AtomicInteger count = new AtomicInteger();
  private final int failing;
  private final int errno;
  private volatile @Nullable String failed;

  private FailingCalls(int failing, int errno) {
    this.original = Native.libc();
    this.failing = failing;
    this.errno = errno;
  }

  /** Counts, and lets every call through. */
  public static FailingCalls none() {
    return install(0, 0);
  }

  /** Lets one call fail, by its number from 1, with an error number. */
  public static FailingCalls at(int number, int errno) {
    return install(number, errno);
  }

  private static FailingCalls install(int failing, int errno) {
    FailingCalls calls = new FailingCalls(failing, errno);
    Native.intercept(
        libc ->
            (Libc)
                Proxy.newProxyInstance(
                    Libc.class.getClassLoader(),
                    new Class<?>[] {Libc.class},
                    (proxy, method, arguments) -> calls.call(method, arguments)));
    return calls;
  }

  private Object call(Method method, Object[] arguments) throws Throwable {
    boolean fails = count.incrementAndGet() == failing && mayFail(method.getName());
    if (fails) {
      failed = method.getName();
    }
    if (fails && !method.getName().equals("close")) {
      LastError.getInstance().set(errno);
      return failure(method);
    }
    try {
      // The kernel closes a descriptor even if it reports an error.
      Object result = method.invoke(original, arguments);
      return fails ? failure(method) : result;
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private Object failure(Method method) {
    if (method.getName().startsWith("posix_spawn")) {
      return errno; // They return what others leave in errno.
    }
    if (method.getReturnType() == long.class) {
      return -1L;
    }
    return -1;
  }

  /** These have no way to. */
  private static boolean mayFail(String name) {
    return !name.equals("geteuid") && !name.equals("getegid") && !name.equals("umask");
  }

  /** How many calls there were. */
  public int count() {
    return count.get();
  }

  /** The name of the call that failed; null if none did. */
  public @Nullable String failed() {
    return failed;
  }

  @Override
  public void close() {
    Native.intercept(libc -> original);
  }
}
