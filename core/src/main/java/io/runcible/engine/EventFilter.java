package io.runcible.engine;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** Which events are meant: those that meet all rules. Immutable; each method gives a new filter. */
public final class EventFilter {
  private static final EventFilter ALL = new EventFilter(Set.of(), Optional.empty());

  private final Set<Class<?>> types;
  private final Optional<String> container;

  private EventFilter(Set<Class<?>> types, Optional<String> container) {
    this.types = types;
    this.container = container;
  }

  /** All of them. */
  public static EventFilter all() {
    return ALL;
  }

  /** Of this type, or of another one that was named before. */
  public EventFilter type(Class<? extends EngineEvent> type) {
    Set<Class<?>> more = new HashSet<>(types);
    more.add(type);
    return new EventFilter(more, container);
  }

  /** Of the container with this id. */
  public EventFilter container(String id) {
    return new EventFilter(types, Optional.of(id));
  }

  boolean accepts(EngineEvent event) {
    return (types.isEmpty() || types.contains(event.getClass()))
        && container.map(event.container()::equals).orElse(true);
  }
}
