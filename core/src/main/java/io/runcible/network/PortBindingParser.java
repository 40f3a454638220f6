package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.network.PortBinding.Protocol;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the words of {@code --publish}. */
final class PortBindingParser {
  private static final int MAX_LENGTH = 100;
  private static final Pattern WORDS =
      Pattern.compile(
          "(?:(?<address>\\[[0-9A-Fa-f:.]+]|[0-9.]+):(?=[^:]*:))?"
              + "(?:(?<host>[0-9-]*):)?"
              + "(?<container>[0-9-]+)"
              + "(?:/(?<protocol>[A-Za-z]+))?");
  private static final Pattern RANGE = Pattern.compile("([0-9]{1,5})(?:-([0-9]{1,5}))?");
  private static final Pattern IPV4 =
      Pattern.compile("(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\\.(?!$)|$)){4}");
  private static final Pattern IPV6 = Pattern.compile("(?=.*:.*:)[0-9A-Fa-f:.]{2,45}");

  private PortBindingParser() {}

  private record Range(int first, int last) {
    int size() {
      return last - first + 1;
    }
  }

  static List<PortBinding> parse(String text) {
    Matcher words = WORDS.matcher(text);
    if (text.length() > MAX_LENGTH || !words.matches()) {
      throw PortBinding.invalid(
          shown(text) + " is not [[ADDRESS:][HOSTPORT]:]PORT[/PROTOCOL], such as 8080:80");
    }
    Protocol protocol = protocol(words.group("protocol"), text);
    String address = words.group("address");
    InetAddress host = address == null ? PortBinding.ipv4Loopback() : hostAddress(address, text);
    Range container = range(words.group("container"), text);
    String hostPorts = words.group("host");
    if (hostPorts == null || hostPorts.isEmpty()) {
      return bindings(container, protocol, host, new Range(0, 0));
    }
    Range published = range(hostPorts, text);
    if (published.size() != container.size()) {
      throw PortBinding.invalid(
          shown(text)
              + " has ranges of "
              + published.size()
              + " and "
              + container.size()
              + " ports, which must be as many");
    }
    return bindings(container, protocol, host, published);
  }

  private static List<PortBinding> bindings(
      Range container, Protocol protocol, InetAddress host, Range published) {
    List<PortBinding> bindings = new ArrayList<>();
    for (int i = 0; i < container.size(); i++) {
      int hostPort = published.first() == 0 ? 0 : published.first() + i;
      bindings.add(new PortBinding(container.first() + i, protocol, host, hostPort));
    }
    return List.copyOf(bindings);
  }

  private static Protocol protocol(@Nullable String word, String text) {
    String name = word == null ? "tcp" : word.toLowerCase(Locale.ROOT);
    return switch (name) {
      case "tcp" -> Protocol.TCP;
      case "udp" -> Protocol.UDP;
      case "sctp" ->
          throw new RuncibleException(
              ErrorKind.UNSUPPORTED, shown(text) + ": only tcp and udp can be published");
      default -> throw PortBinding.invalid(shown(text) + ": '" + word + "' is not tcp or udp");
    };
  }

  private static Range range(String ports, String text) {
    Matcher numbers = RANGE.matcher(ports);
    if (!numbers.matches()) {
      throw PortBinding.invalid(shown(text) + ": '" + ports + "' is no port and no range of ports");
    }
    int first = Integer.parseInt(numbers.group(1));
    String end = numbers.group(2);
    int last = end == null ? first : Integer.parseInt(end);
    if (last < first || last > 0xffff || (first == 0 && last != 0)) {
      throw PortBinding.invalid(shown(text) + ": '" + ports + "' is no range from 1 to 65535");
    }
    return new Range(first, last);
  }

  /** With brackets if it has colons, and without them if not. */
  private static InetAddress hostAddress(String words, String text) {
    boolean bracketed = words.startsWith("[");
    String literal = bracketed ? words.substring(1, words.length() - 1) : words;
    if (bracketed && literal.indexOf(':') < 0) {
      throw PortBinding.invalid(noAddress(literal, text));
    }
    return address(literal, text);
  }

  /** Never asks a name server. */
  static InetAddress address(String literal, String text) {
    try {
      if (IPV4.matcher(literal).matches()) {
        return InetAddress.getByName(literal);
      }
      if (IPV6.matcher(literal).matches()) {
        return InetAddress.getByName("[" + literal + "]");
      }
    } catch (UnknownHostException e) {
      throw new RuncibleException(ErrorKind.INVALID_INPUT, noAddress(literal, text), e);
    }
    throw PortBinding.invalid(noAddress(literal, text));
  }

  private static String noAddress(String literal, String text) {
    return shown(text) + ": '" + shown(literal) + "' is no IPv4 or IPv6 address";
  }

  private static String shown(String text) {
    String printable = text.replaceAll("\\p{Cntrl}", "?");
    return "'"
        + (printable.length() > MAX_LENGTH ? printable.substring(0, MAX_LENGTH) + "…" : printable)
        + "'";
  }
}
