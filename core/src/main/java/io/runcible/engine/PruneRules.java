package io.runcible.engine;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Which names a clean-up forgets: those that meet all of the rules, are not pinned, and are used by
 * no container. Immutable; each method gives new rules.
 */
public final class PruneRules {
  /** Forgets no name. */
  public static final PruneRules NO_NAMES = new PruneRules(false, Duration.ZERO, Map.of());

  private final boolean names;
  private final Duration age;
  private final Map<String, Optional<String>> labels;

  private PruneRules(boolean names, Duration age, Map<String, Optional<String>> labels) {
    this.names = names;
    this.age = age;
    this.labels = labels;
  }

  /** All names that no container uses. */
  public static PruneRules unused() {
    return new PruneRules(true, Duration.ZERO, Map.of());
  }

  /**
   * Of these, those that were last set so long ago or longer. A name is set by a pull, also one
   * that finds nothing new, a load, a copy, a commit and a tag; running an image leaves it its
   * time.
   */
  public PruneRules olderThan(Duration age) {
    return new PruneRules(names, age, labels);
  }

  /** Of these, those whose image has this label, whatever its value. */
  public PruneRules label(String key) {
    return with(key, Optional.empty());
  }

  /** Of these, those whose image has this label with this value. */
  public PruneRules label(String key, String value) {
    return with(key, Optional.of(value));
  }

  private PruneRules with(String key, Optional<String> value) {
    Map<String, Optional<String>> more = new LinkedHashMap<>(labels);
    more.put(key, value);
    return new PruneRules(names, age, more);
  }

  boolean forgetsNames() {
    return names;
  }

  Duration age() {
    return age;
  }

  boolean hasLabels() {
    return !labels.isEmpty();
  }

  boolean accepts(Map<String, String> found) {
    return labels.entrySet().stream()
        .allMatch(
            rule ->
                found.containsKey(rule.getKey())
                    && rule.getValue().map(found.get(rule.getKey())::equals).orElse(true));
  }
}
