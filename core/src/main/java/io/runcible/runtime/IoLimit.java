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
    READ_BYTES("throttleReadBpsDevice"),
    WRITE_BYTES("throttleWriteBpsDevice"),
    READ_OPERATIONS("throttleReadIOPSDevice"),
    WRITE_OPERATIONS("throttleWriteIOPSDevice");

    private final String specName;

    Kind(String specName) {
      this.specName = specName;
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
