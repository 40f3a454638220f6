package io.runcible.network;

import io.runcible.state.Journal;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The networks that this engine keeps up, also without a container on them. Each has an entry in
 * the engine's journal. Thread-safe.
 */
final class KeptNetworks {
  private static final String NAME = "name";
  private static final String ENGINE = "engine";

  private final Map<String, Journal.Entry> kept = new ConcurrentHashMap<>();
  private volatile String self = "";

  /** As long as the engine is open the bridge stays. */
  void keep(Journal journal, String name) {
    self = journal.owner();
    kept.computeIfAbsent(
        name, n -> journal.record(BridgeNetworks.KIND, Map.of(NAME, n, ENGINE, journal.owner())));
  }

  /** The network of an entry of the journal. */
  static String name(Map<String, String> facts) {
    return facts.getOrDefault(NAME, "");
  }

  /** The engine that made an entry of the journal. */
  static String engine(Map<String, String> facts) {
    return facts.getOrDefault(ENGINE, "");
  }

  List<String> names() {
    return List.copyOf(kept.keySet());
  }

  LeaseTable withoutThis(LeaseTable table) {
    return table.withoutEngine(self);
  }

  /** After this engine is out of the table, or the network is removed; no error if not kept. */
  void done(String name) {
    Journal.Entry entry = kept.remove(name);
    if (entry != null) {
      entry.done();
    }
  }
}
