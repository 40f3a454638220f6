package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import okhttp3.HttpUrl;

/**
 * Hosts that are reached without a proxy, in the form of {@code NO_PROXY}: a list with commas or
 * blanks of {@code example} (that host and those below it), {@code .example} or {@code *.example}
 * (those below it), addresses, networks ({@code 10.0.0.0/8}, {@code fd00::/8}), each but the last
 * also with a port, and {@code *} for all.
 */
record NoProxy(List<Entry> entries) {
  static final NoProxy NONE = new NoProxy(List.of());

  private static final int MAX_LENGTH = 64 * 1024;

  /** Hosts that an entry stands for. */
  @FunctionalInterface
  interface Entry {
    boolean covers(HttpUrl url);
  }

  static NoProxy parse(String text) {
    if (text.length() > MAX_LENGTH) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "the list of hosts without proxy has more than " + MAX_LENGTH + " characters");
    }
    List<Entry> entries = new ArrayList<>();
    for (String part : text.split("[,\\s]+", -1)) {
      if (!part.isEmpty()) {
        entries.add(entry(part.toLowerCase(Locale.ROOT)));
      }
    }
    return new NoProxy(List.copyOf(entries));
  }

  boolean covers(HttpUrl url) {
    return entries.stream().anyMatch(entry -> entry.covers(url));
  }

  private static Entry entry(String text) {
    if (text.equals("*")) {
      return url -> true;
    }
    int slash = text.indexOf('/');
    if (slash >= 0) {
      return network(text, slash);
    }
    // Without brackets, an IPv6 address has no port.
    boolean bare = text.indexOf(':') != text.lastIndexOf(':') && !text.startsWith("[");
    int colon = bare ? -1 : text.indexOf(':', text.indexOf(']') + 1);
    String host = colon < 0 ? text : text.substring(0, colon);
    boolean brackets = host.length() > 1 && host.startsWith("[") && host.endsWith("]");
    Entry hosts = hosts(brackets ? host.substring(1, host.length() - 1) : host);
    if (colon < 0) {
      return hosts;
    }
    String port = text.substring(colon + 1);
    return url -> Integer.toString(url.port()).equals(port) && hosts.covers(url);
  }

  private static Entry hosts(String host) {
    Optional<InetAddress> address = address(host);
    if (address.isPresent()) {
      return url -> address(url.host()).equals(address);
    }
    if (host.startsWith(".") || host.startsWith("*.")) {
      String ending = host.substring(host.indexOf('.'));
      return url -> url.host().endsWith(ending);
    }
    return url -> url.host().equals(host) || url.host().endsWith("." + host);
  }

  private static Entry network(String text, int slash) {
    Optional<InetAddress> address = address(text.substring(0, slash));
    String digits = text.substring(slash + 1);
    boolean number = digits.matches("[0-9]{1,3}");
    int bits = address.map(known -> known.getAddress().length * 8).orElse(0);
    if (address.isEmpty() || !number || Integer.parseInt(digits) > bits) {
      // As elsewhere, what is not understood stands for no host.
      return url -> false;
    }
    int rest = bits - Integer.parseInt(digits);
    BigInteger prefix = number(address.get()).shiftRight(rest);
    return url ->
        address(url.host())
            .filter(asked -> asked.getAddress().length * 8 == bits)
            .filter(asked -> number(asked).shiftRight(rest).equals(prefix))
            .isPresent();
  }

  private static BigInteger number(InetAddress address) {
    return new BigInteger(1, address.getAddress());
  }

  /** An address that is written as such; no name server is asked. */
  static Optional<InetAddress> address(String host) {
    boolean v4 = host.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}");
    boolean v6 = host.indexOf(':') >= 0 && host.matches("[0-9a-f:.]+");
    if (!v4 && !v6) {
      return Optional.empty();
    }
    try {
      return Optional.of(InetAddress.getByName(host));
    } catch (UnknownHostException e) {
      return Optional.empty();
    }
  }
}
