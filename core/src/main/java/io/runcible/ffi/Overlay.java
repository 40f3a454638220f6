package io.runcible.ffi;

import static io.runcible.ffi.Native.check;
import static io.runcible.ffi.Native.libc;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Mounts overlay file systems, by the new mount API or, before Linux 6.8, by mount(2). */
final class Overlay {
  private static final long SYS_MOVE_MOUNT = 429;
  private static final long SYS_FSOPEN = 430;
  private static final long SYS_FSCONFIG = 431;
  private static final long SYS_FSMOUNT = 432;
  private static final int FSOPEN_CLOEXEC = 1;
  private static final int FSMOUNT_CLOEXEC = 1;
  private static final int SET_FLAG = 0;
  private static final int SET_STRING = 1;
  private static final int CREATE = 6;
  private static final int AT_FDCWD = -100;
  private static final int MOVE_MOUNT_F_EMPTY_PATH = 4;
  private static final int MNT_DETACH = 2;
  private static final int UMOUNT_NOFOLLOW = 8;

  /** mount(2) copies one page of options and cuts off the rest without a word. */
  static final int MAX_OPTIONS = 4095;

  /** Whether this kernel was seen to take options alone: it logs a complaint at each other try. */
  private static volatile boolean optionsAlone;

  private Overlay() {}

  static void mount(OverlayMount mount, Path target) {
    try {
      mountAsItIs(mount, target);
    } catch (NativeException e) {
      if (!mount.throwAway() || e.errno() != Errno.EINVAL) {
        throw e;
      }
      // Before Linux 5.10 there is no "volatile", and changes are synced.
      mountAsItIs(mount.durable(), target);
    }
  }

  private static void mountAsItIs(OverlayMount mount, Path target) {
    if (optionsAlone && Native.cString(options(mount)).length <= MAX_OPTIONS) {
      mountByOptions(mount, target, null);
      return;
    }
    try {
      mountByContext(mount, target);
    } catch (NativeException e) {
      // Before Linux 6.8 the kernel takes "lowerdir+" for an option that it does not know, and
      // says so at once or, before 6.5, when the file system is made.
      if (e.errno() != Errno.EINVAL && e.errno() != Errno.ENOSYS) {
        throw e;
      }
      mountByOptions(mount, target, e);
      optionsAlone = true;
    }
  }

  private static void mountByContext(OverlayMount mount, Path target) {
    try (FileDescriptor context = open()) {
      for (Path lower : mount.lower()) {
        set(context, "lowerdir+", lower);
      }
      if (mount.upper() != null && mount.work() != null) {
        set(context, "upperdir", mount.upper());
        set(context, "workdir", mount.work());
      }
      if (mount.throwAway()) {
        configure(context, SET_FLAG, "volatile", null);
      }
      if (mount.label().isPresent()) {
        set(context, "context", Path.of(mount.label().get()));
      }
      configure(context, CREATE, null, null);
      attach(context, target);
    }
  }

  private static FileDescriptor open() {
    byte[] type = Native.cString("overlay");
    Pointer memory = Native.allocate(type.length);
    memory.put(0, type, 0, type.length);
    long fd = libc().syscall(SYS_FSOPEN, memory.address(), FSOPEN_CLOEXEC, 0, 0, 0, 0);
    Reference.reachabilityFence(memory);
    return new FileDescriptor((int) check(fd, "fsopen", "overlay"), "overlay");
  }

  private static void set(FileDescriptor context, String key, Path value) {
    configure(context, SET_STRING, key, value);
  }

  private static void configure(
      FileDescriptor context, int command, @Nullable String key, @Nullable Path value) {
    byte[] keyBytes = Native.cString(key == null ? "" : key);
    byte[] valueBytes = value == null ? new byte[1] : Native.cString(value);
    Pointer memory = Native.allocate(keyBytes.length + valueBytes.length);
    memory.put(0, keyBytes, 0, keyBytes.length);
    memory.put(keyBytes.length, valueBytes, 0, valueBytes.length);
    long keyAddress = key == null ? 0 : memory.address();
    long valueAddress = value == null ? 0 : memory.address() + keyBytes.length;
    long result =
        libc().syscall(SYS_FSCONFIG, context.value(), command, keyAddress, valueAddress, 0, 0);
    Reference.reachabilityFence(memory);
    if (result != 0) {
      int errno = Native.errno();
      String what = (key == null ? "create" : key) + (value == null ? "" : "=" + value);
      throw new NativeException("mount overlay", errno, what, kernelMessage(context));
    }
  }

  /** The file system context says in words what it did not like. */
  private static String kernelMessage(FileDescriptor context) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(512);
    long length = libc().read(context.value(), buffer, buffer.capacity());
    if (length <= 0) {
      return "";
    }
    byte[] text = new byte[(int) length];
    buffer.get(0, text);
    return new String(text, StandardCharsets.UTF_8).strip();
  }

  private static void attach(FileDescriptor context, Path target) {
    long fd = libc().syscall(SYS_FSMOUNT, context.value(), FSMOUNT_CLOEXEC, 0, 0, 0, 0);
    try (FileDescriptor mounted = new FileDescriptor((int) check(fd, "fsmount", target), target)) {
      byte[] path = Native.cString(target);
      Pointer memory = Native.allocate(path.length + 1);
      memory.put(0, path, 0, path.length);
      long empty = memory.address() + path.length;
      long result =
          libc()
              .syscall(
                  SYS_MOVE_MOUNT,
                  mounted.value(),
                  empty,
                  AT_FDCWD,
                  memory.address(),
                  MOVE_MOUNT_F_EMPTY_PATH,
                  0);
      Reference.reachabilityFence(memory);
      check(result, "move_mount", target);
    }
  }

  static void mountByOptions(OverlayMount mount, Path target, @Nullable NativeException reason) {
    byte[] data = Native.cString(options(mount));
    if (data.length > MAX_OPTIONS) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "cannot mount "
              + mount.lower().size()
              + " layers on '"
              + target
              + "': this kernel takes the list as one string of 4,095 bytes and it has "
              + data.length
              + "; use Linux 6.8 or later, or a store with a shorter path",
          reason);
    }
    byte[] overlay = Native.cString("overlay");
    if (libc().mount(overlay, Native.cString(target), overlay, 0, data) != 0) {
      NativeException failure =
          new NativeException("mount overlay", Native.errno(), target.toString());
      if (reason != null) {
        failure.addSuppressed(reason);
      }
      throw failure;
    }
  }

  /** The option string of mount(2) and mount(8). */
  static String options(OverlayMount mount) {
    return String.join(",", mount.options());
  }

  static void unmount(Path target) {
    byte[] path = Native.cString(target);
    if (libc().umount2(path, UMOUNT_NOFOLLOW) == 0) {
      return;
    }
    int errno = Native.errno();
    if (errno == Errno.EBUSY) {
      errno = libc().umount2(path, UMOUNT_NOFOLLOW | MNT_DETACH) == 0 ? 0 : Native.errno();
    }
    if (errno != 0 && errno != Errno.EINVAL && errno != Errno.ENOENT) {
      throw new NativeException("unmount", errno, target.toString());
    }
  }
}
