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

  /** Read once, when it is first asked for. */
  private static final class Rights {
    static final boolean OF_HOST = OwnRights.ofThisProcess().mountsOnTheHost();
  }

  /**
   * Whether this process acts as root. That of an unprivileged container does not: without
   * CAP_SYS_ADMIN, or in a user namespace, it is as an ordinary user.
   */
  public static boolean isRoot() {
    return effectiveUid() == 0 && Rights.OF_HOST;
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
