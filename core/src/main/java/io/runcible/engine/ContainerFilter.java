package io.runcible.engine;

import io.runcible.image.ImageReference;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which containers are meant: those that meet all rules. Immutable; each method adds one. */
public final class ContainerFilter {
  private static final ContainerFilter ALL =
      new ContainerFilter(EnumSet.allOf(ContainerState.class), Map.of(), "", Optional.empty());

  private final Set<ContainerState> states;
  private final Map<String, Optional<String>> labels;
  private final String name;
  private final Optional<ImageReference> image;

  private ContainerFilter(
      Set<ContainerState> states,
      Map<String, Optional<String>> labels,
      String name,
      Optional<ImageReference> image) {
    this.states = states;
    this.labels = labels;
    this.name = name;
    this.image = image;
  }

  /** All of them. */
  public static ContainerFilter all() {
    return ALL;
  }

  /** In one of these states. */
  public ContainerFilter state(ContainerState first, ContainerState... others) {
    return new ContainerFilter(EnumSet.of(first, others), labels, name, image);
  }

  /** With this text in the id or the name. */
  public ContainerFilter name(String part) {
    return new ContainerFilter(states, labels, part, image);
  }

  /** With a label of this key. */
  public ContainerFilter label(String key) {
    return with(key, Optional.empty());
  }

  /** With this label. */
  public ContainerFilter label(String key, String value) {
    return with(key, Optional.of(value));
  }

  private ContainerFilter with(String key, Optional<String> value) {
    Map<String, Optional<String>> more = new LinkedHashMap<>(labels);
    more.put(key, value);
    return new ContainerFilter(states, more, name, image);
  }

  /** Made from the image of this name, or from one that has its layers below its own. */
  public ContainerFilter ancestor(String reference) {
    return new ContainerFilter(states, labels, name, Optional.of(ImageReference.parse(reference)));
  }

  Optional<ImageReference> ancestor() {
    return image;
  }

  boolean accepts(Container container, List<String> ancestors) {
    Map<String, String> own = container.labels();
    boolean labelled =
        labels.entrySet().stream()
            .allMatch(
                rule ->
                    own.containsKey(rule.getKey())
                        && rule.getValue().map(own.get(rule.getKey())::equals).orElse(true));
    boolean descends =
        image.isEmpty()
            || container.image().equals(image.get())
            || !ancestors.isEmpty() && container.chain().containsAll(ancestors);
    return labelled
        && descends
        && (container.id().contains(name) || container.name().contains(name))
        && states.contains(container.state());
  }
}
