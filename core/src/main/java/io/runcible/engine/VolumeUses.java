package io.runcible.engine;

import io.runcible.RuncibleException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** Which containers have which volumes mounted, as all their records say, each read once. */
final class VolumeUses {
  private final Map<String, SortedSet<String>> users = new HashMap<>();
  private @Nullable RuncibleException unknown;

  private VolumeUses() {}

  static VolumeUses read(Path containers) {
    VolumeUses uses = new VolumeUses();
    EngineResources.directories(containers).forEach(uses::add);
    return uses;
  }

  private void add(ContainerDirectory directory) {
    try {
      Optional<ContainerRecord> record = ContainerRecord.read(directory);
      for (String name : record.map(one -> one.storage().volumes()).orElse(List.of())) {
        users.computeIfAbsent(name, any -> new TreeSet<>()).add(directory.id());
      }
    } catch (RuncibleException e) {
      unknown = e;
      LoggerFactory.getLogger(VolumeUses.class)
          .warn("no unused volume is removed: {}", e.getMessage());
    }
  }

  /** Those that are known. */
  List<String> of(String volume) {
    return List.copyOf(users.getOrDefault(volume, new TreeSet<>()));
  }

  /** Whether nobody has it for certain: a container whose record cannot be read may. */
  boolean isUnused(String volume) {
    return unknown == null && !users.containsKey(volume);
  }

  /** Before a volume is removed that nobody is known to have. */
  void requireWhole() {
    if (unknown != null) {
      throw unknown;
    }
  }
}
