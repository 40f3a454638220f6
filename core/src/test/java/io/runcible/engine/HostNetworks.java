package io.runcible.engine;

import static io.runcible.engine.HostResources.link;
import static io.runcible.engine.HostResources.list;
import static io.runcible.engine.HostResources.read;

import io.runcible.ffi.PacketFilters;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The devices, routes and packet filters of the library on this host, one line for each, but those
 * of the tests that run beside in other JVMs: these may be there for as long as a test takes.
 */
final class HostNetworks {
  private static final Pattern BRIDGE = Pattern.compile("rcb[a-z][0-9a-f]+");

  /** Of the library, at a generation of all of them. */
  private static final List<String> RULES = new ArrayList<>();

  private static String rulesOf = "";

  private final String ofOthers;
  private final List<String> found = new ArrayList<>();

  private HostNetworks(String ofOthers) {
    this.ofOthers = ofOthers;
  }

  static List<String> of(List<Path> roots) {
    HostNetworks networks = new HostNetworks(networksOfOthers(roots));
    networks.devices();
    networks.packetFilters();
    return networks.found;
  }

  private void devices() {
    read(Path.of("/proc/self/net/dev"))
        .lines()
        .map(line -> line.strip().split(":")[0])
        .filter(name -> name.matches("rc[bv].*") && !ofOthers.contains(bridgeOf(name)))
        .forEach(name -> found.add("network device " + name));
    // The device, and where to: 10.208.0.0/13, of which the bytes are in the processor's order.
    read(Path.of("/proc/self/net/route"))
        .lines()
        .map(line -> line.split("\t"))
        .filter(route -> route.length > 1 && route[1].matches(".{4}(D[0-7]0A)"))
        .filter(route -> !ofOthers.contains(route[0]))
        .forEach(route -> found.add("route " + route[1] + " on " + route[0]));
  }

  /** Itself, if it is one. */
  private static String bridgeOf(String device) {
    String bridge = link(Path.of("/sys/class/net", device, "master"));
    return bridge.isEmpty() ? device : bridge.substring(bridge.lastIndexOf('/') + 1);
  }

  /** What the other tests of this host keep of their networks. */
  private static String networksOfOthers(List<Path> roots) {
    StringBuilder all = new StringBuilder();
    Set<Path> places = roots.stream().map(Path::getParent).collect(Collectors.toSet());
    for (Path place : places) {
      for (Path root : list(place, "runcible-it-*")) {
        Path networks = root.resolve("data/networks");
        if (!roots.contains(root) && Files.isDirectory(networks)) {
          list(networks, "[a-z0-9]*").stream()
              .flatMap(network -> list(network, "*.json").stream())
              .forEach(file -> all.append(read(file)));
        }
      }
    }
    return all.toString();
  }

  /**
   * One table for each network that is up; asked of nft, which has no file of the kernel's, and
   * only again after a change, where the kernel tells of one: two thousand times would take half a
   * minute of the processor.
   */
  private void packetFilters() {
    Path nft = Path.of("/usr/sbin/nft");
    if (!Files.isExecutable(nft)) {
      return;
    }
    synchronized (RULES) {
      String generation =
          PacketFilters.generation()
              .map(number -> link(Path.of("/proc/thread-self/ns/net")) + " " + number)
              .orElse("");
      if (generation.isEmpty() || !generation.equals(rulesOf)) {
        // What changed meanwhile is seen the next time.
        rulesOf = readRules(nft) ? generation : "";
      }
      RULES.stream().filter(rule -> !isOfOthers(rule)).forEach(found::add);
    }
  }

  private boolean isOfOthers(String rule) {
    Matcher device = BRIDGE.matcher(rule);
    return device.find() && ofOthers.contains(device.group());
  }

  /** Whether these are all. */
  private static boolean readRules(Path nft) {
    try {
      Process process =
          new ProcessBuilder(nft.toString(), "list", "ruleset")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      process.getOutputStream().close();
      String rules = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      RULES.clear();
      rules
          .lines()
          .filter(line -> line.contains("table") || line.contains("comment"))
          .filter(line -> line.contains("runcible"))
          .forEach(line -> RULES.add("packet filter " + line.strip()));
      return process.onExit().join().exitValue() == 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
