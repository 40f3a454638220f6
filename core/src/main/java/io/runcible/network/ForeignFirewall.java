package io.runcible.network;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The forwarding rules of somebody else, as Docker, ufw and {@code iptables} by nftables have them:
 * the chain FORWARD of the table filter. What that drops, or rejects at its end, an accept in our
 * own table does not bring back, so a network has two marked rules there. They come last, before
 * such an end, so that what the host's owner refused stays refused. The end may lie in a chain of
 * its own, as that of ufw's {@code reject routed} does.
 */
final class ForeignFirewall {
  private static final String TABLE = "filter";
  private static final String CHAIN = "FORWARD";
  private static final List<String> FAMILIES = List.of("ip", "ip6");

  private final List<String> families = new ArrayList<>();
  private boolean firewalld;

  private ForeignFirewall() {}

  /** Looks for them. */
  static ForeignFirewall find() {
    ForeignFirewall found = new ForeignFirewall();
    for (JsonNode entry : Nft.list(List.of("list", "chains"), "list the host's packet filters")) {
      JsonNode chain = entry.path("chain");
      String table = chain.path("table").asText();
      String family = chain.path("family").asText();
      boolean forward = table.equals(TABLE) && chain.path("name").asText().equals(CHAIN);
      if (forward && FAMILIES.contains(family)) {
        found.families.add(family);
      }
      found.firewalld |= table.equals(Firewalld.TABLE);
    }
    return found;
  }

  /** Whether the service firewalld has rules of its own. */
  boolean hasFirewalld() {
    return firewalld;
  }

  /** Statements that let a network through. */
  String admission(NetworkRecord network) {
    StringBuilder script = new StringBuilder();
    for (String family : families) {
      List<JsonNode> rules = rules(family);
      script.append(removal(network, family, rules));
      String place = place(family, rules, rulesByChain(family));
      for (String direction : List.of("iifname", "oifname")) {
        script
            .append(place)
            .append(' ')
            .append(direction)
            .append(" \"")
            .append(network.device())
            .append("\" counter accept comment \"")
            .append(marker(network))
            .append("\"\n");
      }
    }
    return script.toString();
  }

  /** Statements that take the rules of a network away. */
  String removal(NetworkRecord network) {
    StringBuilder script = new StringBuilder();
    for (String family : families) {
      script.append(removal(network, family, rules(family)));
    }
    return script.toString();
  }

  private static String removal(NetworkRecord network, String family, List<JsonNode> rules) {
    StringBuilder script = new StringBuilder();
    for (JsonNode rule : rules) {
      if (rule.path("comment").asText().equals(marker(network))) {
        script.append(
            "delete rule " + chain(family) + " handle " + rule.path("handle").asLong() + "\n");
      }
    }
    return script.toString();
  }

  private static String marker(NetworkRecord network) {
    return "runcible " + network.device();
  }

  private static String chain(String family) {
    return family + " " + TABLE + " " + CHAIN;
  }

  private static List<JsonNode> rules(String family) {
    List<JsonNode> rules = new ArrayList<>();
    List<String> command = List.of("list", "chain", family, TABLE, CHAIN);
    Nft.list(command, "list the host's forwarding rules").stream()
        .filter(entry -> entry.has("rule"))
        .forEach(entry -> rules.add(entry.path("rule")));
    return rules;
  }

  private static Map<String, List<JsonNode>> rulesByChain(String family) {
    Map<String, List<JsonNode>> rules = new HashMap<>();
    List<String> command = List.of("list", "table", family, TABLE);
    for (JsonNode entry : Nft.list(command, "list the host's forwarding rules")) {
      JsonNode rule = entry.path("rule");
      if (rule.isObject()) {
        rules.computeIfAbsent(rule.path("chain").asText(), key -> new ArrayList<>()).add(rule);
      }
    }
    return rules;
  }

  /** At the end, but before the first rule that refuses all that is left. */
  static String place(
      String family, List<JsonNode> rules, Map<String, List<JsonNode>> rulesByChain) {
    for (int i = 0; i < rules.size(); i++) {
      JsonNode rule = rules.get(i);
      if (refusesAll(rule, i == rules.size() - 1, rulesByChain)) {
        return "insert rule " + chain(family) + " handle " + rule.path("handle").asLong();
      }
    }
    return "add rule " + chain(family);
  }

  /**
   * Whether no packet passes it.
   *
   * @param last whether it is the last of its chain. An extension of iptables that nft does not
   *     name is then a REJECT, and may write to the log otherwise
   */
  private static boolean refusesAll(
      JsonNode rule, boolean last, Map<String, List<JsonNode>> rulesByChain) {
    boolean refuses = false;
    for (JsonNode statement : rule.path("expr")) {
      JsonNode extension = statement.path("xt");
      boolean refusal =
          statement.has("drop")
              || statement.has("reject")
              || extension.path("name").asText().equals("REJECT")
              || (last && extension.isNull())
              || refuseAll(target(statement), rulesByChain);
      if (!refusal && !statement.has("counter")) {
        return false;
      }
      refuses |= refusal;
    }
    return refuses;
  }

  private static String target(JsonNode statement) {
    return statement.path("jump").path("target").asText()
        + statement.path("goto").path("target").asText();
  }

  /** The kernel has no circle of chains. */
  private static boolean refuseAll(String chain, Map<String, List<JsonNode>> rulesByChain) {
    for (JsonNode rule : rulesByChain.getOrDefault(chain, List.of())) {
      if (refusesAll(rule, false, rulesByChain)) {
        return true;
      }
      if (letsAllPass(rule)) {
        return false;
      }
    }
    return false;
  }

  private static boolean letsAllPass(JsonNode rule) {
    boolean passes = false;
    for (JsonNode statement : rule.path("expr")) {
      boolean pass = statement.has("accept") || statement.has("return");
      if (!pass && !statement.has("counter")) {
        return false;
      }
      passes |= pass;
    }
    return passes;
  }
}
