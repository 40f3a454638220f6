package io.runcible.junit;

import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import io.runcible.network.PortBinding;
import io.runcible.network.PortBinding.Protocol;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/** Conditions as {@link RunContainer#ready} has them. */
final class ReadyText {
  private ReadyText() {}

  static Ready parse(String text) {
    int colon = text.indexOf(':');
    String kind = colon < 0 ? text : text.substring(0, colon);
    String rest = text.substring(colon + 1);
    return switch (kind) {
      case "port" -> Ready.onPort(port(text, rest));
      case "log" -> Ready.onLog(rest);
      case "http", "https" -> http(text, kind.equals("https"), rest);
      case "exec" -> Ready.onCommand(words(text, rest));
      case "healthy" -> {
        if (colon >= 0) {
          throw unknown(text);
        }
        yield Ready.onHealthy();
      }
      default -> throw unknown(text);
    };
  }

  private static Ready http(String text, boolean tls, String rest) {
    int slash = rest.indexOf('/');
    int port = port(text, slash < 0 ? rest : rest.substring(0, slash));
    String path = slash < 0 ? "/" : rest.substring(slash);
    return tls ? Ready.onHttps(port, path) : Ready.onHttp(port, path);
  }

  private static String[] words(String text, String rest) {
    if (rest.isBlank()) {
      throw unknown(text);
    }
    return rest.strip().split("\\s+", -1);
  }

  private static int port(String text, String number) {
    try {
      return PortBinding.tcp(Integer.parseInt(number)).containerPort();
    } catch (RuntimeException e) {
      throw new ExtensionConfigurationException(
          "'" + number + "' in the condition '" + text + "' is no port", e);
    }
  }

  private static ExtensionConfigurationException unknown(String text) {
    return new ExtensionConfigurationException(
        "'"
            + text
            + "' is no condition: give port:PORT, log:REGEX, http:PORT/PATH, https:PORT/PATH,"
            + " exec:COMMAND or healthy");
  }

  /** All of them. */
  static Optional<Ready> all(List<Ready> conditions) {
    return conditions.stream().reduce(Ready::all);
  }

  /** What is waited for where nothing is said. */
  static Optional<Ready> ofPorts(ContainerSpec spec) {
    return all(
        spec.ports().stream()
            .filter(binding -> binding.protocol() == Protocol.TCP)
            .map(binding -> Ready.onPort(binding.containerPort()))
            .toList());
  }
}
