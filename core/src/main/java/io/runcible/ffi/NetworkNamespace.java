package io.runcible.ffi;

import static io.runcible.ffi.Native.check;
import static io.runcible.ffi.Native.libc;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/**
 * A network namespace: the kernel has it until nobody is in it, no file keeps it, and this, which
 * holds it open, is closed.
 *
 * <p>A thread that has entered a namespace never comes back: it works there and ends.
 */
public final class NetworkNamespace implements AutoCloseable {
  private static final int CLONE_NEWNET = 0x40000000;
  private static final long MS_BIND = 4096;
  private static final Path OWN = Path.of("/proc/thread-self/ns/net");

  private final FileDescriptor descriptor;
  private final Rtnetlink netlink;

  private NetworkNamespace(FileDescriptor descriptor, Rtnetlink netlink) {
    this.descriptor = descriptor;
    this.netlink = netlink;
  }

  /** One that is open otherwise; owns both. */
  static NetworkNamespace of(FileDescriptor descriptor, Rtnetlink netlink) {
    return new NetworkNamespace(descriptor, netlink);
  }

  /**
   * Makes a namespace with its loopback device on, which takes no routers from what others on its
   * links say.
   */
  static NetworkNamespace create() {
    return onThread(
        () -> {
          check(libc().unshare(CLONE_NEWNET), "make", "a network namespace");
          return prepared();
        });
  }

  /**
   * Prepares one that was made with a user namespace as {@link #create} does.
   *
   * @param pin the file that keeps it
   */
  static NetworkNamespace prepare(Path pin) {
    return onThread(
        () -> {
          enter(pin);
          return prepared();
        });
  }

  private static NetworkNamespace prepared() {
    ignoreRouterAdvertisements();
    NetworkNamespace made = here();
    try {
      made.netlink.setUp(made.netlink.link("lo").orElseThrow());
      return made;
    } catch (RuntimeException e) {
      made.close();
      throw e;
    }
  }

  /**
   * Opens an existing one.
   *
   * @param pin the file that keeps it
   */
  static NetworkNamespace open(Path pin) {
    return onThread(
        () -> {
          enter(pin);
          return here();
        });
  }

  private static void enter(Path pin) {
    try (FileDescriptor file = openFile(pin)) {
      check(libc().setns(file.value(), CLONE_NEWNET), "enter the network namespace", pin);
    }
  }

  private static NetworkNamespace here() {
    FileDescriptor file = openFile(OWN);
    try {
      return new NetworkNamespace(file, Rtnetlink.open());
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private static FileDescriptor openFile(Path path) {
    int flags = FileCalls.O_RDONLY | FileCalls.O_CLOEXEC;
    int fd = check(libc().open(Native.cString(path), flags, 0), "open", path);
    return new FileDescriptor(fd, path);
  }

  /**
   * Keeps the namespace by a file, or one more, until that is {@linkplain PrivilegedHost#unmount
   * unmounted}. An error may leave the file.
   *
   * @param pin the file to be made
   */
  public void pin(Path pin) {
    try {
      Files.write(pin, new byte[0], StandardOpenOption.CREATE);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + pin + "'", e);
    }
    byte[] namespace = Native.cString(descriptor.procPath());
    int result = libc().mount(namespace, Native.cString(pin), null, MS_BIND, null);
    check(result, "mount the network namespace on", pin);
  }

  /** Else one container could name itself the router of the others. */
  private static void ignoreRouterAdvertisements() {
    for (String which : List.of("all", "default")) {
      try {
        Path setting = Path.of("/proc/sys/net/ipv6/conf", which, "accept_ra");
        Files.writeString(setting, "0", StandardOpenOption.WRITE);
      } catch (NoSuchFileException e) {
        return; // A kernel without IPv6.
      } catch (IOException e) {
        throw new RuncibleException(
            ErrorKind.UNAVAILABLE, "cannot switch off router advertisements in a namespace", e);
      }
    }
  }

  private static <T> T onThread(Supplier<T> work) {
    FutureTask<T> task = new FutureTask<>(work::get);
    Thread thread = new Thread(task, "runcible-namespace");
    thread.setDaemon(true);
    thread.start();
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true; // It is a matter of milliseconds.
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new RuncibleException(ErrorKind.INTERNAL, "cannot work in a namespace", e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  FileDescriptor descriptor() {
    return descriptor;
  }

  /** Its devices, addresses and routes. */
  public Rtnetlink netlink() {
    return netlink;
  }

  @Override
  public void close() {
    netlink.close();
    descriptor.close();
  }
}
