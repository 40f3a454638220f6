package io.runcible.junit;

import io.runcible.engine.Container;
import java.math.BigInteger;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/** Values in the texts of one annotation; see {@link RunContainer#image}. */
final class Placeholders {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{([^:}]+)(?::([^}]*))?}");
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final int RADIX = 36;
  private static final int RANDOM_LENGTH = 12;

  private final List<String> containers;
  private final Function<String, Container> lookup;
  private final String random;

  /**
   * Values of system properties and of containers.
   *
   * @param random the random one
   * @param containers the names that can be looked up
   */
  Placeholders(String random, List<String> containers, Function<String, Container> lookup) {
    this.random = random;
    this.containers = List.copyOf(containers);
    this.lookup = lookup;
  }

  /** Letters and digits that nobody else has. */
  static String random() {
    String text = new BigInteger(64, RANDOM).setBit(64).toString(RADIX);
    return text.substring(text.length() - RANDOM_LENGTH);
  }

  String resolve(String text) {
    return PLACEHOLDER.matcher(text).replaceAll(match -> Matcher.quoteReplacement(value(match)));
  }

  private String value(MatchResult match) {
    String key = match.group(1);
    if (key.equals("random")) {
      return random;
    }
    for (String name : containers) {
      if (key.startsWith(name + ".")) {
        return ofContainer(name, key.substring(name.length() + 1));
      }
    }
    return Optional.ofNullable(System.getProperty(key, match.group(2)))
        .orElseThrow(
            () ->
                new ExtensionConfigurationException(
                    "the system property '" + key + "' is not set, and @RunContainer needs it"));
  }

  private String ofContainer(String name, String what) {
    Container container = lookup.apply(name);
    if (what.equals("id")) {
      return container.id();
    }
    if (what.equals("address")) {
      return container.addresses().stream()
          .findFirst()
          .map(InetAddress::getHostAddress)
          .orElseThrow(
              () ->
                  new ExtensionConfigurationException(
                      "container '" + name + "' is on no bridge network and has no address there"));
    }
    if (what.startsWith("port.")) {
      return String.valueOf(HostAddresses.hostPort(container, what.substring("port.".length())));
    }
    throw new ExtensionConfigurationException(
        "'" + what + "' of container '" + name + "' is none of id, address and port.NUMBER");
  }
}
