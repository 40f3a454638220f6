package io.runcible.junit;

import io.runcible.engine.Container;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The containers that the tests of a context can see: its own, and those of what is around it. */
final class KnownContainers {
  private final ExtensionContext context;

  KnownContainers(ExtensionContext context) {
    this.context = context;
  }

  /** Not {@code AutoCloseable}: who is known here is owned elsewhere. */
  private static final class Level {
    private final List<StartedContainer> containers = new CopyOnWriteArrayList<>();
  }

  /** The key of what belongs to one context, though a store looks in those around it, too. */
  private record Key(String context) {}

  void add(StartedContainer container) {
    context
        .getStore(TestRun.NAMESPACE)
        .getOrComputeIfAbsent(new Key(context.getUniqueId()), key -> new Level(), Level.class)
        .containers
        .add(container);
  }

  /** All, the nearest first; those of an instance before those of the instances around it. */
  List<StartedContainer> all() {
    List<StartedContainer> all = new ArrayList<>();
    Optional<ExtensionContext> next = Optional.of(context);
    while (next.isPresent()) {
      ExtensionContext one = next.get();
      Level level = one.getStore(TestRun.NAMESPACE).get(new Key(one.getUniqueId()), Level.class);
      if (level != null) {
        List<StartedContainer> last = new ArrayList<>(level.containers);
        Collections.reverse(last);
        all.addAll(last);
      }
      next = one.getParent();
    }
    // Nested classes know those of programs once more.
    return all.stream().distinct().toList();
  }

  List<String> names() {
    return all().stream().map(StartedContainer::name).distinct().toList();
  }

  Optional<StartedContainer> find(String name) {
    return all().stream().filter(one -> one.name().equals(name)).findFirst();
  }

  Container get(String name) {
    return find(name)
        .orElseThrow(
            () ->
                new ExtensionConfigurationException(
                    "no container '" + name + "' has been started for this; there are " + names()))
        .container();
  }
}
