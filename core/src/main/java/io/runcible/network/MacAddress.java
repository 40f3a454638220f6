package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Hardware addresses: six bytes, of one device, that nobody sells. */
final class MacAddress {
  private static final HexFormat FORMAT = HexFormat.ofDelimiter(":");
  private static final int LENGTH = 6;

  private MacAddress() {}

  static byte[] parse(String text) {
    try {
      byte[] bytes = FORMAT.parseHex(text);
      boolean single = bytes.length == LENGTH && (bytes[0] & 1) == 0;
      if (single && new java.math.BigInteger(bytes).signum() != 0) {
        return bytes;
      }
    } catch (IllegalArgumentException e) {
      // As one of a wrong length.
    }
    throw new RuncibleException(
        ErrorKind.INVALID_INPUT,
        "'" + text + "' is no hardware address of one device, such as 02:00:00:00:00:01");
  }

  /**
   * The same for the same address: who gets an address after another one is known to the neighbours
   * already.
   */
  static byte[] of(InetAddress address) {
    return derived(address.getHostAddress());
  }

  static byte[] derived(String text) {
    byte[] hash = sha256(text);
    byte[] mac = new byte[LENGTH];
    System.arraycopy(hash, 0, mac, 0, LENGTH);
    // Locally administered, and not a group's.
    mac[0] = 2;
    return mac;
  }

  static byte[] sha256(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // Every Java has it.
    }
  }

  static String format(byte[] mac) {
    return FORMAT.formatHex(mac);
  }
}
