package io.runcible.runtime;

import java.util.regex.Pattern;

/**
 * A device file in a container (config-linux.md, "Devices"), which its processes may use.
 *
 * @param path where it is, an absolute path inside
 * @param block whether it is a block device, and not a character device
 * @param major the number of its driver
 * @param minor its number with that driver
 * @param mode the permission bits of the file
 * @param uid the owner of the file
 * @param gid the group of the file
 * @param access what the control group lets everybody do: some of {@code r} for reading, {@code w}
 *     for writing and {@code m} for making further files
 */
public record DeviceNode(
    String path, boolean block, int major, int minor, int mode, int uid, int gid, String access) {
  private static final Pattern ACCESS = Pattern.compile("r?w?m?");

  /**
   * Checks the values.
   *
   * @throws io.runcible.RuncibleException INVALID_INPUT for what no runtime would accept
   */
  public DeviceNode {
    SpecChecks.absolute(path, "path of a device");
    SpecChecks.id(uid, "owner of a device");
    SpecChecks.id(gid, "group of a device");
    requireAccess(access);
    if (major < 0 || minor < 0 || mode < 0 || mode > 0777) {
      throw SpecChecks.invalid("there is no device " + major + ":" + minor + " of mode " + mode);
    }
  }

  /**
   * Checks what may be done with a device.
   *
   * @throws io.runcible.RuncibleException INVALID_INPUT for anything but some of {@code rwm}
   */
  public static void requireAccess(String access) {
    if (access.isEmpty() || !ACCESS.matcher(access).matches()) {
      throw SpecChecks.invalid(SpecChecks.shown(access) + " is not some of 'rwm'");
    }
  }

  String type() {
    return block ? "b" : "c";
  }
}
