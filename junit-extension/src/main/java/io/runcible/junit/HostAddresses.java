package io.runcible.junit;

import io.runcible.engine.Container;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/** Where the tests find ports of containers. */
final class HostAddresses {
  private static final int MAX_PORT = 0xffff;

  private HostAddresses() {}

  static int hostPort(Container container, String port) {
    return container.hostPort(number(port));
  }

  /** The port in {@code name:port}. */
  static int hostPort(String text, Function<String, Container> lookup) {
    int colon = text.lastIndexOf(':');
    if (colon <= 0) {
      throw new ExtensionConfigurationException(
          "'" + text + "' is no name of a container and a port of it: redis:6379 is");
    }
    return hostPort(lookup.apply(text.substring(0, colon)), text.substring(colon + 1));
  }

  private static int number(String port) {
    try {
      int number = Integer.parseInt(port);
      if (number > 0 && number <= MAX_PORT) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new ExtensionConfigurationException("'" + port + "' is no port");
  }

  /** The text with the addresses of the host for those of the named containers. */
  static String url(String text, List<String> names, Function<String, Container> lookup) {
    AtomicBoolean found = new AtomicBoolean();
    String result = text;
    for (String name : names) {
      Pattern address = Pattern.compile("(?<![\\w.-])" + Pattern.quote(name) + ":(\\d{1,5})\\b");
      result =
          address
              .matcher(result)
              .replaceAll(
                  match -> {
                    found.set(true);
                    return Matcher.quoteReplacement(
                        text(lookup.apply(name).hostAddress(number(match.group(1)))));
                  });
    }
    if (!found.get()) {
      throw new ExtensionConfigurationException(
          "'" + text + "' has no NAME:PORT of a container that was started before: " + names);
    }
    return result;
  }

  /** As it stands in a URL. */
  static String text(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return (address.getAddress() instanceof Inet6Address ? "[" + host + "]" : host)
        + ":"
        + address.getPort();
  }
}
