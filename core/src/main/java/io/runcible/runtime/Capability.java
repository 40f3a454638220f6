package io.runcible.runtime;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * The capabilities of Linux, {@code capabilities(7)}. Each is the name without {@code CAP_}.
 *
 * <p>{@link #defaults()} is the set a container gets when nobody asks for more: what a process
 * needs to install files, change its own user and listen on a low port. Docker also grants MKNOD,
 * NET_RAW and AUDIT_WRITE; they are left out, as in Podman: the first makes device nodes, the
 * second forges packets on a bridge, the third writes the audit log of the host. {@code ping} works
 * without NET_RAW, see {@link RuntimeSpec#containerDefaults}.
 */
public enum Capability {
  CHOWN(0),
  DAC_OVERRIDE(1),
  DAC_READ_SEARCH(2),
  FOWNER(3),
  FSETID(4),
  KILL(5),
  SETGID(6),
  SETUID(7),
  SETPCAP(8),
  LINUX_IMMUTABLE(9),
  NET_BIND_SERVICE(10),
  NET_BROADCAST(11),
  NET_ADMIN(12),
  NET_RAW(13),
  IPC_LOCK(14),
  IPC_OWNER(15),
  SYS_MODULE(16),
  SYS_RAWIO(17),
  SYS_CHROOT(18),
  SYS_PTRACE(19),
  SYS_PACCT(20),
  SYS_ADMIN(21),
  SYS_BOOT(22),
  SYS_NICE(23),
  SYS_RESOURCE(24),
  SYS_TIME(25),
  SYS_TTY_CONFIG(26),
  MKNOD(27),
  LEASE(28),
  AUDIT_WRITE(29),
  AUDIT_CONTROL(30),
  SETFCAP(31),
  MAC_OVERRIDE(32),
  MAC_ADMIN(33),
  SYSLOG(34),
  WAKE_ALARM(35),
  BLOCK_SUSPEND(36),
  AUDIT_READ(37),
  PERFMON(38),
  BPF(39),
  CHECKPOINT_RESTORE(40);

  private static final Set<Capability> DEFAULTS =
      Collections.unmodifiableSet(
          EnumSet.of(
              CHOWN,
              DAC_OVERRIDE,
              FOWNER,
              FSETID,
              KILL,
              NET_BIND_SERVICE,
              SETFCAP,
              SETGID,
              SETPCAP,
              SETUID,
              SYS_CHROOT));

  private final int number;

  Capability(int number) {
    this.number = number;
  }

  /** What a container gets by default. */
  public static Set<Capability> defaults() {
    return DEFAULTS;
  }

  /**
   * Reads a name, in any case, with or without {@code CAP_}.
   *
   * @throws RuncibleException INVALID_INPUT if there is no such capability
   */
  public static Capability parse(String name) {
    String upper = name.toUpperCase(Locale.ROOT);
    try {
      return valueOf(upper.startsWith("CAP_") ? upper.substring(4) : upper);
    } catch (IllegalArgumentException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, SpecChecks.shown(name) + " is not a Linux capability", e);
    }
  }

  /** The name in the runtime specification, {@code CAP_…}. */
  public String specName() {
    return "CAP_" + name();
  }

  /** Those of a mask as in {@code /proc/PID/status}; bits without a name are left out. */
  static Set<Capability> ofMask(long mask) {
    Set<Capability> set = EnumSet.noneOf(Capability.class);
    for (Capability capability : values()) {
      if ((mask >>> capability.number & 1) == 1) {
        set.add(capability);
      }
    }
    return set;
  }
}
