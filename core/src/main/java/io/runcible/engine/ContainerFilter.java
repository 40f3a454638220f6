package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** Which containers are meant: those that meet all rules. Immutable; each method adds one. */
public final class ContainerFilter {
  private static final ContainerFilter ALL = new ContainerFilter(List.of(), Optional.empty());

  private final List<Predicate<Container>> rules;
  private final Optional<ImageReference> image;

  private ContainerFilter(List<Predicate<Container>> rules, Optional<ImageReference> image) {
    this.rules = rules;
    this.image = image;
  }

  /** All of them. */
  public static ContainerFilter all() {
    return ALL;
  }

  private ContainerFilter with(Predicate<Container> rule) {
    List<Predicate<Container>> more = new ArrayList<>(rules);
    more.add(rule);
    return new ContainerFilter(List.copyOf(more), image);
  }

  /** In one of these states. */
  public ContainerFilter state(ContainerState first, ContainerState... others) {
    Set<ContainerState> states = EnumSet.of(first, others);
    return with(container -> states.contains(container.state()));
  }

  /** With an id that begins with this text. */
  public ContainerFilter id(String prefix) {
    return with(container -> container.id().startsWith(prefix));
  }

  /** With this text in the id or the name. */
  public ContainerFilter name(String part) {
    return with(container -> container.id().contains(part) || container.name().contains(part));
  }

  /** With a label of this key. */
  public ContainerFilter label(String key) {
    return with(container -> container.labels().containsKey(key));
  }

  /** With this label. */
  public ContainerFilter label(String key, String value) {
    return with(container -> value.equals(container.labels().get(key)));
  }

  /** On the bridge network of this name. */
  public ContainerFilter network(String name) {
    return with(
        container ->
            container.endpoints().stream().anyMatch(endpoint -> endpoint.network().equals(name)));
  }

  /** With the volume of this name, or with something mounted at this path in it. */
  public ContainerFilter volume(String nameOrPath) {
    return with(container -> container.hasMounted(nameOrPath));
  }

  /** With one of these states of health, as far as this engine has looked. */
  public ContainerFilter health(Health.Status first, Health.Status... others) {
    Set<Health.Status> states = EnumSet.of(first, others);
    return with(container -> states.contains(container.health().status()));
  }

  /** That ended with this code and are not going to be restarted. */
  public ContainerFilter exited(int code) {
    return with(
        container -> container.state() == ContainerState.STOPPED && endedWith(container, code));
  }

  private static boolean endedWith(Container container, int code) {
    try {
      return container.waitFor(Duration.ZERO).map(end -> end.code() == code).orElse(false);
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.NOT_FOUND && e.kind() != ErrorKind.CORRUPT_DATA) {
        throw e;
      }
      // Nobody knows how it ended: its monitor was killed, or it is removed.
      return false;
    }
  }

  /** Made before this time. */
  public ContainerFilter createdBefore(Instant time) {
    return with(container -> container.created().isBefore(time));
  }

  /** Made after this time. */
  public ContainerFilter createdAfter(Instant time) {
    return with(container -> container.created().isAfter(time));
  }

  /** Made from the image of this name, or from one that has its layers below its own. */
  public ContainerFilter ancestor(String reference) {
    return new ContainerFilter(rules, Optional.of(ImageReference.parse(reference)));
  }

  Optional<ImageReference> ancestor() {
    return image;
  }

  boolean accepts(Container container, List<String> ancestors) {
    boolean descends =
        image.isEmpty()
            || container.image().equals(image.get())
            || !ancestors.isEmpty() && container.chain().containsAll(ancestors);
    return descends && rules.stream().allMatch(rule -> rule.test(container));
  }
}
