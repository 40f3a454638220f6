package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.runtime.IoLimit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Block devices of the host and how fast they may be used, as {@code /dev/sda:1m}. */
final class BlockDevices {
  private static final int TYPE = 0170000;
  private static final int BLOCK = 0060000;

  private BlockDevices() {}

  static IoLimit limit(IoLimit.Kind kind, String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 1 || colon == text.length() - 1) {
      throw invalid("'" + text + "' is not DEVICE:RATE");
    }
    String rate = text.substring(colon + 1);
    boolean bytes = kind == IoLimit.Kind.READ_BYTES || kind == IoLimit.Kind.WRITE_BYTES;
    long device = number(Path.of(text.substring(0, colon)));
    return new IoLimit(kind, major(device), minor(device), rate(rate, bytes));
  }

  private static long rate(String rate, boolean bytes) {
    try {
      return bytes ? LogOptions.bytes(rate) : Long.parseLong(rate);
    } catch (NumberFormatException | ArithmeticException e) {
      throw invalid("'" + rate + "' is no rate");
    }
  }

  private static long number(Path device) {
    try {
      if (((int) Files.getAttribute(device, "unix:mode") & TYPE) != BLOCK) {
        throw invalid("'" + device + "' is no block device");
      }
      return ((Number) Files.getAttribute(device, "unix:rdev")).longValue();
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.NOT_FOUND, "there is no device '" + device + "'", e);
    }
  }

  /** As {@code makedev(3)} packs it. */
  static int major(long device) {
    return (int) (device >>> 8 & 0xfff | device >>> 32 & 0xfffff000L);
  }

  static int minor(long device) {
    return (int) (device & 0xff | device >>> 12 & 0xffffff00L);
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }
}
