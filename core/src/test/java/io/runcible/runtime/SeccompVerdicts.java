package io.runcible.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What a resolved seccomp profile says of each system call that it names. */
final class SeccompVerdicts {
  enum Verdict {
    ALLOWED,
    CONDITIONAL,
    DENIED
  }

  private SeccompVerdicts() {}

  static Map<String, Verdict> of(JsonNode profile) {
    Map<String, Verdict> verdicts = new TreeMap<>();
    for (JsonNode rule : profile.path("syscalls")) {
      boolean allow = rule.path("action").asText().equals("SCMP_ACT_ALLOW");
      boolean conditional = !rule.path("args").isEmpty();
      for (JsonNode name : rule.path("names")) {
        Verdict verdict =
            !allow ? Verdict.DENIED : conditional ? Verdict.CONDITIONAL : Verdict.ALLOWED;
        verdicts.merge(name.asText(), verdict, (old, next) -> old.compareTo(next) < 0 ? old : next);
      }
    }
    return verdicts;
  }

  /** Leaves the rules of a profile of containers-common that apply. */
  static void resolve(JsonNode profile, String architecture, Set<Capability> granted) {
    Set<String> names = new HashSet<>();
    granted.forEach(capability -> names.add(capability.specName()));
    profile
        .path("syscalls")
        .elements()
        .forEachRemaining(
            rule -> {
              boolean applies =
                  applies(rule.path("includes"), architecture, names, true)
                      && applies(rule.path("excludes"), architecture, names, false);
              if (!applies) {
                ((com.fasterxml.jackson.databind.node.ObjectNode) rule).putArray("names");
              }
            });
  }

  private static boolean applies(
      JsonNode filter, String architecture, Set<String> names, boolean wanted) {
    boolean applies = true;
    if (!filter.path("caps").isEmpty()) {
      for (JsonNode capability : filter.path("caps")) {
        applies &= names.contains(capability.asText()) == wanted;
      }
    }
    if (!filter.path("arches").isEmpty()) {
      boolean found = false;
      for (JsonNode name : filter.path("arches")) {
        found |= name.asText().equals(architecture);
      }
      applies &= found == wanted;
    }
    return applies;
  }
}
