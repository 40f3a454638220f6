package io.runcible.ffi;

import java.util.Optional;

/** Whether native calls can be made in this process. Never throws. */
public final class NativeAccess {
  private NativeAccess() {}

  /** Loads the native library ahead of its first use, on the calling thread. */
  public static boolean isAvailable() {
    return whyUnavailable().isEmpty();
  }

  /** Why native calls cannot be made, for a person to read; empty when they can. */
  public static Optional<String> whyUnavailable() {
    try {
      Native.libc();
      return Optional.empty();
    } catch (RuntimeException e) {
      return Optional.of(Native.whyAbsent());
    }
  }

  /** Whether this process acts as root. */
  public static boolean isRoot() {
    return Native.libc().geteuid() == 0;
  }

  /** The effective user id. */
  public static int effectiveUid() {
    return Native.libc().geteuid();
  }

  /** The effective group id. */
  public static int effectiveGid() {
    return Native.libc().getegid();
  }
}
