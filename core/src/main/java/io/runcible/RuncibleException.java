package io.runcible;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The root of everything this library throws. {@link #kind()} says what to do about it; the message
 * says what was attempted, on which object, why it failed and, where there is one, the next step.
 * Failures of the clean-up that follows are {@linkplain #getSuppressed() suppressed exceptions}.
 */
public class RuncibleException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorKind kind;

  /** Creates an exception without a cause. */
  public RuncibleException(ErrorKind kind, String message) {
    this(kind, message, null);
  }

  /** Creates an exception; {@code cause} may be null. */
  public RuncibleException(ErrorKind kind, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = Objects.requireNonNull(kind, "kind");
  }

  /** What went wrong, for branching. */
  public final ErrorKind kind() {
    return kind;
  }
}
