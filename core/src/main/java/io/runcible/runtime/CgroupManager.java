package io.runcible.runtime;

/** Who makes the control groups of containers and sets their limits. */
public enum CgroupManager {
  /** The runtime, by making directories where this process may. */
  CGROUPFS,

  /**
   * The host's systemd, which the runtime asks over D-Bus: each container is a scope in a slice of
   * its own below {@code runcible.slice}. For an ordinary user it is the manager of that user.
   * Needs cgroup v2 alone.
   */
  SYSTEMD
}
