package io.runcible.network;

import com.fasterxml.jackson.databind.JsonNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What the last plugin answered (CNI specification, section 5), as far as it concerns a container.
 * It comes from a program of the host's, which may have it from elsewhere, so it is checked.
 *
 * @param addresses the addresses of the container
 * @param resolver the lines of a resolv.conf; none if the network has no name servers of its own
 */
record CniResult(List<InetAddress> addresses, List<String> resolver) {
  private static final int MAX_ENTRIES = 64;
  private static final Pattern WORD = Pattern.compile("[A-Za-z0-9_.:%-]{1,253}");

  static CniResult of(JsonNode json) {
    List<InetAddress> addresses = new ArrayList<>();
    for (JsonNode ip : json.path("ips")) {
      String address = ip.path("address").asText();
      int slash = address.indexOf('/');
      addresses.add(IpPrefix.parseAddress(slash < 0 ? address : address.substring(0, slash)));
      requireFew(addresses);
    }
    JsonNode dns = json.path("dns");
    List<String> lines = new ArrayList<>();
    for (JsonNode server : dns.path("nameservers")) {
      lines.add("nameserver " + IpPrefix.parseAddress(server.asText()).getHostAddress());
      requireFew(lines);
    }
    if (!lines.isEmpty()) {
      words("search", dns.path("search"), lines);
      words("options", dns.path("options"), lines);
    }
    return new CniResult(List.copyOf(addresses), List.copyOf(lines));
  }

  private static void words(String key, JsonNode values, List<String> lines) {
    List<String> words = new ArrayList<>();
    for (JsonNode value : values) {
      if (!WORD.matcher(value.asText()).matches()) {
        throw invalid("a word for the resolver that is none");
      }
      words.add(value.asText());
      requireFew(words);
    }
    if (!words.isEmpty()) {
      lines.add(key + " " + String.join(" ", words));
    }
  }

  private static void requireFew(List<?> entries) {
    if (entries.size() > MAX_ENTRIES) {
      throw invalid("more than " + MAX_ENTRIES + " addresses or words");
    }
  }

  private static RuncibleException invalid(String what) {
    return new RuncibleException(
        ErrorKind.UNAVAILABLE, "the result of the CNI plugins has " + what);
  }
}
