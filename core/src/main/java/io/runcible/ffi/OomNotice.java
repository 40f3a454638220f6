package io.runcible.ffi;

import static io.runcible.ffi.Native.check;
import static io.runcible.ffi.Native.libc;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Hears from the kernel that a control group ran out of memory: by an inotify of its {@code
 * memory.events}, or by an eventfd of its {@code memory.oom_control} (cgroup v1).
 */
public final class OomNotice {
  private static final int EFD_CLOEXEC_NONBLOCK = 02004000;
  private static final int IN_CLOEXEC_NONBLOCK = 02004000;
  private static final int IN_MODIFY = 2;

  private OomNotice() {}

  /**
   * What can be read when it happens, and now and then for another reason.
   *
   * @param group a directory of the control group
   * @return the descriptor, which the caller closes; empty if the directory has no such file, or
   *     the kernel does not tell
   */
  public static Optional<FileDescriptor> open(Path group) {
    Path events = group.resolve("memory.events");
    Path control = group.resolve("memory.oom_control");
    try {
      if (Files.exists(events)) {
        return Optional.of(watch(events));
      }
      return Files.exists(control) ? Optional.of(register(group, control)) : Optional.empty();
    } catch (IOException | NativeException e) {
      // It has just gone, or this kernel was built without.
      return Optional.empty();
    }
  }

  private static FileDescriptor watch(Path file) {
    FileDescriptor notify =
        new FileDescriptor(check(libc().inotify_init1(IN_CLOEXEC_NONBLOCK), "inotify", file), file);
    try {
      check(
          libc().inotify_add_watch(notify.value(), Native.cString(file), IN_MODIFY),
          "inotify",
          file);
      return notify;
    } catch (RuntimeException e) {
      notify.close();
      throw e;
    }
  }

  /** By the numbers of two descriptors, the second of which may be closed then. */
  private static FileDescriptor register(Path group, Path control) throws IOException {
    FileDescriptor event =
        new FileDescriptor(
            check(libc().eventfd(0, EFD_CLOEXEC_NONBLOCK), "eventfd", control), control);
    int file = libc().open(Native.cString(control), FileCalls.O_CLOEXEC, 0);
    try (FileDescriptor opened = new FileDescriptor(check(file, "open", control), control)) {
      Files.writeString(
          group.resolve("cgroup.event_control"),
          event.value() + " " + opened.value(),
          StandardCharsets.US_ASCII,
          StandardOpenOption.WRITE);
      return event;
    } catch (IOException | RuntimeException e) {
      event.close();
      throw e;
    }
  }
}
