package io.runcible.ffi;

import static io.runcible.ffi.Native.check;
import static io.runcible.ffi.Native.libc;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.nio.file.Path;
import java.util.Collection;

/**
 * Ends a helper with this process, in whatever way that ends: the helper has the reading end of a
 * pipe, and once nobody has the writing end any more the kernel kills it, whatever it is doing, and
 * also if it is stopped. (The signal for the death of a parent comes with the end of the thread
 * that started the child, and is lost where a program enters a user namespace.)
 */
public final class Lifeline implements AutoCloseable {
  /** Not one that a helper has for something else. */
  private static final int DESCRIPTOR = 9;

  private static final int F_SETFL = 4;
  private static final int F_SETOWN = 8;
  private static final int F_SETSIG = 10;
  private static final int O_ASYNC = 020000;
  private static final int SIGKILL = 9;

  private final Pipe pipe;

  private Lifeline(Pipe pipe) {
    this.pipe = pipe;
  }

  /** One for a helper, which it is to be started with. */
  public static Lifeline open() {
    return new Lifeline(Pipe.open());
  }

  /**
   * Starts the helper. One that is a JVM of this program calls {@link #hold} first of all, for when
   * this process is killed between the start and what comes here.
   */
  public ChildProcess start(Spawn spawn) {
    ChildProcess helper = spawn.descriptor(DESCRIPTOR, pipe.reader()).start();
    try {
      tie(pipe.reader().value(), helper.pid());
      return helper;
    } catch (RuntimeException e) {
      helper.killAndWait();
      helper.close();
      throw e;
    } finally {
      pipe.reader().close();
    }
  }

  private static void tie(int reader, int pid) {
    check(libc().fcntl(reader, F_SETSIG, SIGKILL), "set", "the signal of a pipe");
    check(libc().fcntl(reader, F_SETOWN, pid), "set", "the owner of a pipe");
    check(libc().fcntl(reader, F_SETFL, O_ASYNC), "set", "a pipe");
  }

  /**
   * In the helper, before it writes anything: ties it, and claims the directories that it is going
   * to write to, so that whoever removes one waits for its end. If the process that started it
   * lives after that, nobody has taken them for a dead one's before.
   *
   * @throws RuncibleException UNAVAILABLE if the other process has ended, or one of the directories
   *     is being removed; NOT_FOUND if one is gone
   */
  public static void hold(Collection<Path> directories) {
    tie(DESCRIPTOR, (int) ProcessHandle.current().pid());
    directories.forEach(DirectoryClaim::share);
    // Nothing is ever written to it.
    if (Poll.readable(new FileDescriptor(DESCRIPTOR, "lifeline"), 0)) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "who started this has ended");
    }
  }

  /** Kills the helper, if it has not ended. Idempotent. */
  @Override
  public void close() {
    pipe.close();
  }
}
