package io.runcible.layout;

import io.runcible.engine.ChildJvm;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;

/**
 * Another JVM that holds a file locked, while a thread of it waits for one that this JVM holds: as
 * soon as a thread of this JVM waits for the first, the kernel sees a deadlock that is none.
 */
public final class CrosswiseJvm {
  private CrosswiseJvm() {}

  /**
   * The other JVM.
   *
   * @param arguments the file that it holds, and the one that it waits for
   */
  @SuppressWarnings("try") // A lock is for what is done while it is held.
  public static void main(String[] arguments) throws Exception {
    Thread waiting = new Thread(() -> lockAndLetGo(Path.of(arguments[1])));
    try (FileChannel held = locked(Path.of(arguments[0]))) {
      System.out.println("holds");
      waiting.start();
      waiting.join();
    }
  }

  private static FileChannel locked(Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    channel.lock();
    return channel;
  }

  private static void lockAndLetGo(Path file) {
    try {
      locked(file).close();
    } catch (IOException e) {
      System.out.println(e);
    }
  }

  /**
   * Locks a file by something that is to wait for it, while that waits crosswise with the other
   * JVM.
   *
   * @param theirs what the other JVM holds
   * @param ours what it waits for
   * @return what came of the work
   */
  @SuppressWarnings("try") // A lock is for what is done while it is held.
  public static <T> T whileWaitingCrosswise(Path theirs, Path ours, Callable<T> work)
      throws Exception {
    FutureTask<T> task = new FutureTask<>(work);
    Thread thread = new Thread(task);
    FileChannel held = locked(ours);
    try (held;
        ChildJvm other = ChildJvm.start(CrosswiseJvm.class, theirs, ours)) {
      other.line();
      while (!waits(other.pid())) {
        Thread.sleep(1);
      }
      thread.start();
      // Once it has been told of a deadlock, it sleeps or has failed.
      while (thread.isAlive() && thread.getState() != Thread.State.TIMED_WAITING) {
        Thread.sleep(1);
      }
      held.close();
      T result = task.get();
      if (!other.rest().isEmpty()) {
        throw new AssertionError("the other JVM was told of the deadlock");
      }
      return result;
    }
  }

  private static boolean waits(long pid) throws IOException {
    try (Stream<String> locks = Files.lines(Path.of("/proc/locks"))) {
      return locks.anyMatch(lock -> lock.matches(".* -> POSIX .* " + pid + " .*"));
    }
  }
}
