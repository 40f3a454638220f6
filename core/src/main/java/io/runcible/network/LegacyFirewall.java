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
 * not see. As in a {@link ForeignFirewall}, a network has two rules there, before the first one
 * that refuses all.
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
      int place = place(withoutOwn(tool, network));
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

  /** The number of the first forwarding rule that refuses all, or of one after all of them. */
  static int place(List<String> rules) {
    int place = 1;
    for (String rule : rules) {
      if (rule.startsWith("-A FORWARD ")) {
        if (refusesAll(rule, rules)) {
          return place;
        }
        place++;
      }
    }
    return place;
  }

  private static boolean refusesAll(String rule, List<String> rules) {
    return rule.matches("-A \\S+ -[jg] (DROP|REJECT.*)")
        || (rule.matches("-A \\S+ -[jg] \\S+") && refuseAll(target(rule), rules));
  }

  private static String target(String rule) {
    return rule.substring(rule.lastIndexOf(' ') + 1);
  }

  /** The kernel has no circle of chains. */
  private static boolean refuseAll(String chain, List<String> rules) {
    for (String rule : rules) {
      if (rule.startsWith("-A " + chain + " ")) {
        if (refusesAll(rule, rules)) {
          return true;
        }
        if (rule.matches("-A \\S+ -j (ACCEPT|RETURN)")) {
          return false;
        }
      }
    }
    return false;
  }

  /** Takes away what is there for the network; returns the rules of all chains in their order. */
  private static List<String> withoutOwn(String tool, NetworkRecord network) {
    List<String> others = new ArrayList<>();
    for (String rule : run(tool, "-S", "list the host's forwarding rules").split("\n", -1)) {
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
