package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.math.BigInteger;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * The addresses that begin with the same bits: {@code 10.1.2.0/24}, {@code fd00:1::/64} (RFC 4632,
 * RFC 4291 section 2.3).
 *
 * @param address the first of them
 * @param length how many bits they share
 */
public record IpPrefix(InetAddress address, int length) {
  /** What may be one; a colon keeps Java from asking a resolver. */
  private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

  /**
   * Checks the length, and that no bit after it is set.
   *
   * @throws RuncibleException INVALID_INPUT otherwise
   */
  public IpPrefix {
    int bits = address.getAddress().length * 8;
    if (length < 0 || length > bits) {
      throw invalid(address.getHostAddress() + "/" + length + ": a length of 0 to " + bits);
    }
    if (!first(address, length).equals(address)) {
      throw invalid(
          address.getHostAddress()
              + "/"
              + length
              + " is not the first address of a subnet; that is "
              + first(address, length).getHostAddress()
              + "/"
              + length);
    }
  }

  /**
   * Reads an address, a slash and a length.
   *
   * @throws RuncibleException INVALID_INPUT if it is none
   */
  public static IpPrefix parse(String text) {
    int slash = text.indexOf('/');
    String length = text.substring(slash + 1);
    if (slash < 0 || length.isEmpty() || length.length() > 3 || !isDigits(length)) {
      throw invalid("'" + text + "' is no subnet such as 10.1.2.0/24 or fd00:1::/64");
    }
    return new IpPrefix(parseAddress(text.substring(0, slash)), Integer.parseInt(length));
  }

  /** The subnet that an address with a length is in. */
  public static IpPrefix around(InetAddress address, int length) {
    return new IpPrefix(first(address, length), length);
  }

  /** Reads an address, and asks no resolver. */
  static InetAddress parseAddress(String text) {
    boolean ipv4 = text.indexOf('.') >= 0 && text.indexOf(':') < 0;
    boolean literal = ipv4 ? isIpv4(text) : IPV6.matcher(text).matches();
    if (literal) {
      try {
        return InetAddress.getByName(text);
      } catch (UnknownHostException e) {
        // Not an address after all; with a colon in it no resolver was asked.
      }
    }
    throw invalid("'" + text + "' is no IP address");
  }

  /** Four numbers without leading zeros, which some read as octal. */
  private static boolean isIpv4(String text) {
    String[] parts = text.split("[.]", -1);
    boolean valid = parts.length == 4;
    for (int i = 0; valid && i < parts.length; i++) {
      String part = parts[i];
      valid =
          !part.isEmpty()
              && part.length() <= 3
              && isDigits(part)
              && (part.length() == 1 || part.charAt(0) != '0')
              && Integer.parseInt(part) <= 255;
    }
    return valid;
  }

  private static boolean isDigits(String text) {
    return text.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  private static InetAddress first(InetAddress address, int length) {
    byte[] bytes = address.getAddress();
    for (int i = 0; i < bytes.length; i++) {
      int kept = Math.max(0, Math.min(8, length - i * 8));
      bytes[i] &= (byte) (0xff << (8 - kept));
    }
    return of(bytes);
  }

  private static InetAddress of(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("an address of " + bytes.length + " bytes", e);
    }
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }

  /** Whether it is of IPv4. */
  public boolean isIpv4() {
    return address instanceof Inet4Address;
  }

  /** How many bits tell its addresses apart. */
  int hostBits() {
    return address.getAddress().length * 8 - length;
  }

  /** Whether it has this address. */
  public boolean contains(InetAddress other) {
    return other.getAddress().length == address.getAddress().length
        && first(other, length).equals(address);
  }

  /** Whether some address is in both. */
  public boolean overlaps(IpPrefix other) {
    return contains(other.address) || other.contains(address);
  }

  /**
   * The address so many after the first.
   *
   * @throws IllegalArgumentException if there are not so many
   */
  InetAddress at(BigInteger offset) {
    if (offset.signum() < 0 || offset.bitLength() > hostBits()) {
      throw new IllegalArgumentException(this + " has no address " + offset);
    }
    byte[] bytes = address.getAddress();
    byte[] sum = new BigInteger(1, bytes).add(offset).toByteArray();
    byte[] result = new byte[bytes.length];
    int length = Math.min(sum.length, result.length);
    System.arraycopy(sum, sum.length - length, result, result.length - length, length);
    return of(result);
  }

  InetAddress at(long offset) {
    return at(BigInteger.valueOf(offset));
  }

  /** How many after the first an address of it is. */
  BigInteger offset(InetAddress other) {
    return new BigInteger(1, other.getAddress()).subtract(new BigInteger(1, address.getAddress()));
  }

  /** The last one: of IPv4, that of all hosts. */
  InetAddress last() {
    byte[] bytes = address.getAddress();
    byte[] ones = new byte[bytes.length];
    Arrays.fill(ones, (byte) 0xff);
    BigInteger mask = new BigInteger(1, ones).shiftRight(length);
    return hostBits() == 0 ? address : at(mask);
  }

  @Override
  public String toString() {
    return address.getHostAddress() + "/" + length;
  }
}
