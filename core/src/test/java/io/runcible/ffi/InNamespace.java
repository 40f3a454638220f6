package io.runcible.ffi;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** Runs parts of a test in another network namespace. */
public final class InNamespace {
  private static final int CLONE_NEWNET = 0x40000000;

  private InNamespace() {}

  /**
   * Runs something on a thread of its own; the threads and processes that it starts are in the
   * namespace, too.
   *
   * @param pin the file that keeps the namespace
   */
  public static <T> T call(Path pin, Callable<T> work) {
    FutureTask<T> task =
        new FutureTask<>(
            () -> {
              int flags = FileCalls.O_RDONLY | FileCalls.O_CLOEXEC;
              int fd = Native.libc().open(Native.cString(pin), flags, 0);
              Native.check(fd, "open", pin);
              int result = Native.libc().setns(fd, CLONE_NEWNET);
              Native.libc().close(fd);
              Native.check(result, "enter", pin);
              return work.call();
            });
    Thread thread = new Thread(task, "in-namespace");
    thread.setDaemon(true);
    thread.start();
    try {
      return task.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw e.getCause() instanceof RuntimeException failure
          ? failure
          : new CompletionException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
