package io.runcible.network;

import io.runcible.ffi.Spawn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The forwarding rules of somebody else in the kernel's older packet filter, which {@code nft} does
 * not see. As in a {@link ForeignFirewall}, a network has two rules there, before a last one that
 * refuses all.
 */
final class LegacyFirewall {
  private static final List<String> TOOLS = List.of("iptables-legacy", "ip6tables-legacy");

  private LegacyFirewall() {}

  static void admit(NetworkRecord network) {
    for (String tool : TOOLS) {
      if (!isUsed(tool)) {
        continue;
      }
      if (Spawn.findProgram(tool).isEmpty()) {
        log()
            .warn(
                "the host has rules of iptables-legacy and '{}' is missing; '{}' may have no way"
                    + " out",
                tool,
                network.name());
        continue;
      }
      List<String> rules = withoutOwn(tool, network);
      int place = rules.size() + 1;
      if (!rules.isEmpty()
          && rules.get(rules.size() - 1).matches("-A FORWARD -j (DROP|REJECT.*)")) {
        place--;
      }
      for (String direction : List.of("-i", "-o")) {
        String rule =
            "-I FORWARD " + place + " " + direction + " " + network.device() + " -j ACCEPT";
        run(tool, rule, "let network '" + network.name() + "' through");
      }
    }
  }

  static void dismiss(NetworkRecord network) {
    for (String tool : TOOLS) {
      if (isUsed(tool) && Spawn.findProgram(tool).isPresent()) {
        withoutOwn(tool, network);
      }
    }
  }

  /** Whether anything of this thread's namespace is there; to ask the tool would make it. */
  private static boolean isUsed(String tool) {
    String file = tool.startsWith("ip6") ? "ip6_tables_names" : "ip_tables_names";
    try {
      return Files.readAllLines(Path.of("/proc/thread-self/net", file)).contains("filter");
    } catch (IOException e) {
      return false; // The kernel has not loaded it.
    }
  }

  /** Takes away what is there for the network; returns the other rules in their order. */
  private static List<String> withoutOwn(String tool, NetworkRecord network) {
    List<String> others = new ArrayList<>();
    for (String rule :
        run(tool, "-S FORWARD", "list the host's forwarding rules").split("\n", -1)) {
      if (rule.matches("-A FORWARD -[io] " + network.device() + " -j ACCEPT")) {
        run(tool, rule.replaceFirst("-A", "-D"), "remove the rules of '" + network.name() + "'");
      } else if (rule.startsWith("-A ")) {
        others.add(rule);
      }
    }
    return others;
  }

  /** Waits for others who change it. */
  private static String run(String tool, String words, String what) {
    List<String> command = new ArrayList<>(List.of(tool, "--wait"));
    command.addAll(List.of(words.split(" ", -1)));
    return HostCommand.run(command, "", what);
  }

  private static Logger log() {
    return LoggerFactory.getLogger(LegacyFirewall.class);
  }
}
