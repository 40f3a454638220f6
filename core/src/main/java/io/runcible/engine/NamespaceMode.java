package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Whose namespace of one kind a container uses: its own, the host's, or that of another container.
 * Immutable.
 */
public final class NamespaceMode {
  /** One of its own. The default. */
  public static final NamespaceMode PRIVATE = new NamespaceMode("private", null);

  /** The host's. */
  public static final NamespaceMode HOST = new NamespaceMode("host", null);

  /**
   * One of its own that others may join. Makes a difference for {@link ContainerSpec.Builder#ipc}
   * alone, where {@code /dev/shm} has to be made so that it can be shared.
   */
  public static final NamespaceMode SHAREABLE = new NamespaceMode("shareable", null);

  private static final String CONTAINER = "container:";

  private final String text;
  private final @Nullable String container;

  private NamespaceMode(String text, @Nullable String container) {
    this.text = text;
    this.container = container;
  }

  /**
   * That of another container, which must exist when the container is made, and run whenever it is
   * started.
   *
   * @param container the id or name of the other one
   * @throws RuncibleException INVALID_INPUT if it is no name
   */
  public static NamespaceMode container(String container) {
    SpecRules.requireName(container);
    return new NamespaceMode(CONTAINER + container, container);
  }

  /**
   * Reads {@code private}, {@code host}, {@code shareable} or {@code container:ID}, as {@link
   * #toString} writes it.
   *
   * @throws RuncibleException INVALID_INPUT for anything else
   */
  public static NamespaceMode parse(String text) {
    if (text.startsWith(CONTAINER)) {
      return container(text.substring(CONTAINER.length()));
    }
    return switch (text) {
      case "private" -> PRIVATE;
      case "host" -> HOST;
      case "shareable" -> SHAREABLE;
      default ->
          throw new RuncibleException(
              ErrorKind.INVALID_INPUT,
              "'" + text + "' is no namespace: private, host, shareable, container:ID");
    };
  }

  /** The other container; empty for all other modes. */
  public Optional<String> container() {
    return Optional.ofNullable(container);
  }

  /** Whether the namespace is made for the container. */
  boolean isOwn() {
    return equals(PRIVATE) || equals(SHAREABLE);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof NamespaceMode mode && mode.text.equals(text);
  }

  @Override
  public int hashCode() {
    return Objects.hash(text);
  }

  /** The form that {@link #parse} reads. */
  @Override
  public String toString() {
    return text;
  }
}
