package io.runcible.engine;

import io.runcible.image.ImageReference;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which events are meant: those that meet all rules. Immutable; each method gives a new filter. */
public final class EventFilter {
  private static final EventFilter ALL =
      new EventFilter(Set.of(), Optional.empty(), Optional.empty(), Map.of());

  private final Set<Class<?>> types;
  private final Optional<String> container;
  private final Optional<String> image;
  private final Map<String, Optional<String>> labels;

  private EventFilter(
      Set<Class<?>> types,
      Optional<String> container,
      Optional<String> image,
      Map<String, Optional<String>> labels) {
    this.types = types;
    this.container = container;
    this.image = image;
    this.labels = labels;
  }

  /** All of them. */
  public static EventFilter all() {
    return ALL;
  }

  /** Of this type, or of another one that was named before. */
  public EventFilter type(Class<? extends EngineEvent> type) {
    Set<Class<?>> more = new HashSet<>(types);
    more.add(type);
    return new EventFilter(more, container, image, labels);
  }

  /** Of the container with this id. */
  public EventFilter container(String id) {
    return new EventFilter(types, Optional.of(id), image, labels);
  }

  /** Of the image of this name, and of the containers that were made from it. */
  public EventFilter image(String reference) {
    String name = ImageReference.parse(reference).toString();
    return new EventFilter(types, container, Optional.of(name), labels);
  }

  /** Of containers with a label of this key. */
  public EventFilter label(String key) {
    return with(key, Optional.empty());
  }

  /** Of containers with this label. */
  public EventFilter label(String key, String value) {
    return with(key, Optional.of(value));
  }

  private EventFilter with(String key, Optional<String> value) {
    Map<String, Optional<String>> more = new LinkedHashMap<>(labels);
    more.put(key, value);
    return new EventFilter(types, container, image, more);
  }

  boolean accepts(EngineEvent event, EventSubject subject) {
    return (types.isEmpty() || types.contains(event.getClass()))
        && container.map(event.container()::equals).orElse(true)
        && image.map(subject.image()::equals).orElse(true)
        && labels.entrySet().stream().allMatch(rule -> hasLabel(subject, rule));
  }

  private static boolean hasLabel(EventSubject subject, Map.Entry<String, Optional<String>> rule) {
    String own = subject.labels().get(rule.getKey());
    return own != null && rule.getValue().map(own::equals).orElse(true);
  }
}
