package io.runcible.runtime;

/**
 * How fast a block device of the host may be used (config-linux.md, "Block IO").
 *
 * @param kind what is counted
 * @param major the number of the device's driver
 * @param minor the number of the device with that driver
 * @param rate the most in a second
 */
public record IoLimit(Kind kind, int major, int minor, long rate) {
  /** What is counted. */
  public enum Kind {
    READ_BYTES("throttleReadBpsDevice", "read_bps_device", "rbps", "IOReadBandwidthMax"),
    WRITE_BYTES("throttleWriteBpsDevice", "write_bps_device", "wbps", "IOWriteBandwidthMax"),
    READ_OPERATIONS("throttleReadIOPSDevice", "read_iops_device", "riops", "IOReadIOPSMax"),
    WRITE_OPERATIONS("throttleWriteIOPSDevice", "write_iops_device", "wiops", "IOWriteIOPSMax");

    private final String specName;
    private final String old;
    private final String key;
    private final String property;

    Kind(String specName, String old, String key, String property) {
      this.specName = specName;
      this.old = old;
      this.key = key;
      this.property = property;
    }

    /** Its name for systemd. */
    String property() {
      return property;
    }

    /** Its file of cgroup v1. */
    String oldFile() {
      return "blkio.throttle." + old;
    }

    /** Its word in {@code io.max} of cgroup v2. */
    String key() {
      return key;
    }

    String specName() {
      return specName;
    }
  }

  /**
   * Checks the numbers.
   *
   * @throws io.runcible.RuncibleException INVALID_INPUT for a negative number or a rate of none
   */
  public IoLimit {
    if (major < 0 || minor < 0 || rate < 1) {
      throw SpecChecks.invalid(
          "no limit of " + rate + " a second for a device " + major + ":" + minor);
    }
  }
}
