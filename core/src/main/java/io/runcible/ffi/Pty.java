package io.runcible.ffi;

import static io.runcible.ffi.Native.check;
import static io.runcible.ffi.Native.libc;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A pseudo-terminal: this process has its master side, a child gets its other side as its terminal,
 * see {@link Spawn#terminal}. It passes bytes on as they are; the child has its own rules.
 */
public final class Pty implements AutoCloseable {
  private static final int O_RDWR = 2;
  private static final int O_NOCTTY = 0400;
  private static final int F_DUPFD_CLOEXEC = 1030;
  private static final int TIOCSWINSZ = 0x5414;
  private static final int TCSANOW = 0;
  private static final int TERMIOS = 256;
  private static final int NAME = 128;
  private static final int END_OF_TRANSMISSION = 4;

  private final FileDescriptor master;
  private final Path slave;

  private Pty(FileDescriptor master, Path slave) {
    this.master = master;
    this.slave = slave;
  }

  /** Opens one; the caller closes it. */
  public static Pty open() {
    int fd = libc().posix_openpt(O_RDWR | O_NOCTTY | FileCalls.O_CLOEXEC);
    FileDescriptor master = new FileDescriptor(check(fd, "open a terminal", "ptmx"), "terminal");
    try {
      check(libc().grantpt(fd), "grant a terminal", master);
      check(libc().unlockpt(fd), "unlock a terminal", master);
      Pty pty = new Pty(master, name(fd));
      pty.makeRaw();
      return pty;
    } catch (RuntimeException e) {
      master.close();
      throw e;
    }
  }

  private static Path name(int fd) {
    byte[] name = new byte[NAME];
    int errno = libc().ptsname_r(fd, name, name.length);
    if (errno != 0) {
      throw new NativeException("name a terminal", errno, "ptmx");
    }
    int length = 0;
    while (name[length] != 0) {
      length++;
    }
    return Path.of(new String(name, 0, length, StandardCharsets.US_ASCII));
  }

  /** Otherwise input would be echoed that comes before the runtime is ready. */
  private void makeRaw() {
    Pointer settings = Native.allocate(TERMIOS);
    check(libc().tcgetattr(master.value(), settings), "ask a terminal", master);
    libc().cfmakeraw(settings);
    check(libc().tcsetattr(master.value(), TCSANOW, settings), "set a terminal", master);
    Reference.reachabilityFence(settings);
  }

  /** The side of the child. */
  public Path slave() {
    return slave;
  }

  /** This side; it stays this object's. */
  public FileDescriptor master() {
    return master;
  }

  /** Opens the side of the child, which does not become a controlling terminal. */
  public static FileDescriptor openSlave(Path slave) {
    int flags = O_RDWR | O_NOCTTY | FileCalls.O_CLOEXEC | FileCalls.O_NOFOLLOW;
    int fd = libc().open(Native.cString(slave), flags, 0);
    return new FileDescriptor(check(fd, "open", slave), slave);
  }

  /** Changes its size; a child that it controls is told by SIGWINCH. */
  public void resize(int rows, int columns) {
    resize(master, rows, columns);
  }

  /** The same through either side. */
  public static void resize(FileDescriptor side, int rows, int columns) {
    Pointer size = Native.allocate(8);
    size.putShort(0, (short) rows);
    size.putShort(2, (short) columns);
    check(libc().ioctl(side.value(), TIOCSWINSZ, size), "resize a terminal", side);
    Reference.reachabilityFence(size);
  }

  /** What the child writes; ends when nobody has the other side open. The caller closes it. */
  public InputStream inputStream() {
    return new PipeInputStream(duplicate());
  }

  /**
   * What the child reads. The caller closes it, which sends the character that means the end of
   * input to a program that reads lines.
   */
  public OutputStream outputStream() {
    return new FilterOutputStream(new PipeOutputStream(duplicate())) {
      private boolean closed;

      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        out.write(bytes, offset, length);
      }

      @Override
      public void close() throws IOException {
        if (closed) {
          return;
        }
        closed = true;
        try (OutputStream stream = out) {
          if (Poll.writable(master, 0)) {
            stream.write(END_OF_TRANSMISSION);
          }
        } catch (IOException e) {
          // Nobody reads any more.
        }
      }
    };
  }

  private FileDescriptor duplicate() {
    int fd = libc().fcntl(master.value(), F_DUPFD_CLOEXEC, 0);
    return new FileDescriptor(check(fd, "dup", master), "terminal");
  }

  /** Closes this side, but for streams that are open. Idempotent. */
  @Override
  public void close() {
    master.close();
  }
}
