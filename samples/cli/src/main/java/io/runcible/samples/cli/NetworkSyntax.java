package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.network.Network;

/** Networks as docker and podman write them, with the names and addresses of a container there. */
final class NetworkSyntax {
  private static final String NAME = "name=";

  private NetworkSyntax() {}

  /** {@code NAME}, docker's {@code name=NAME,KEY=VALUE} or podman's {@code NAME:KEY=VALUE,…}. */
  static Network parse(String text) {
    if (text.startsWith(NAME)) {
      int comma = text.indexOf(',');
      String name = text.substring(NAME.length(), comma < 0 ? text.length() : comma);
      return with(Network.parse(name), comma < 0 ? "" : text.substring(comma + 1));
    }
    int colon = text.indexOf(':');
    boolean other = text.startsWith("container:") || text.startsWith("cni:");
    return colon < 0 || other
        ? Network.parse(text)
        : with(Network.parse(text.substring(0, colon)), text.substring(colon + 1));
  }

  private static Network with(Network network, String options) {
    Network changed = network;
    for (String option : options.isEmpty() ? new String[0] : options.split(",", -1)) {
      int equals = option.indexOf('=');
      String value = option.substring(equals + 1);
      changed =
          switch (equals < 0 ? "" : option.substring(0, equals)) {
            case "alias" -> changed.withAlias(value);
            case "ip", "ip6" -> changed.withAddress(value);
            case "mac", "mac-address" -> changed.withMac(value);
            default ->
                throw new RuncibleException(
                    ErrorKind.INVALID_INPUT,
                    "a network has no option '" + option + "', but alias=, ip=, ip6= and mac=");
          };
    }
    return changed;
  }
}
