package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import org.jspecify.annotations.Nullable;

/**
 * Whether a container is started again when it ends by itself. An end that was asked for, by {@link
 * Container#stop}, {@link Container#kill} with SIGKILL or its stop signal, or {@link
 * Container#close}, is never followed by a restart. The pauses before restarts grow from 0.1 s to
 * 60 s, and begin anew when it has run for 10 s. A policy that {@link
 * Container#update(RestartPolicy)} changes in such a pause counts at once: the restart does not
 * follow if that would not have it, after that exit code or as one more in a row.
 *
 * <p>A detached container is restarted by its monitor, whether an engine is there or not, and keeps
 * its published ports meanwhile; it runs, for whoever waits for its end, until it is not restarted
 * any more. It is not started when the machine is.
 *
 * @param onSuccess whether also after exit code 0
 * @param maxRestarts at most so many restarts one after the other, without 10 s of running in
 *     between; 0 for none
 */
public record RestartPolicy(boolean onSuccess, int maxRestarts) {
  /** Never; the default. */
  public static final RestartPolicy NO = new RestartPolicy(false, 0);

  /** Always. */
  public static final RestartPolicy ALWAYS = new RestartPolicy(true, Integer.MAX_VALUE);

  /**
   * The same: what other engines remember of a stopped container over their own restart does not
   * arise here: a container ends with its engine, or is not started when the machine is.
   */
  public static final RestartPolicy UNLESS_STOPPED = ALWAYS;

  /**
   * Checks the number.
   *
   * @throws RuncibleException INVALID_INPUT for less than 0
   */
  public RestartPolicy {
    if (maxRestarts < 0) {
      throw new RuncibleException(ErrorKind.INVALID_INPUT, maxRestarts + " restarts");
    }
  }

  /** Not the record's own: the JVM makes that when it is first called, which takes it long. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RestartPolicy policy
        && onSuccess == policy.onSuccess
        && maxRestarts == policy.maxRestarts;
  }

  @Override
  public int hashCode() {
    return 31 * maxRestarts + Boolean.hashCode(onSuccess);
  }

  /** After every exit code but 0, and after signals. */
  public static RestartPolicy onFailure() {
    return onFailure(Integer.MAX_VALUE);
  }

  /** The same, at most so often one after the other. */
  public static RestartPolicy onFailure(int maxRestarts) {
    return new RestartPolicy(false, maxRestarts);
  }

  /**
   * Reads the form of other engines: {@code no}, {@code always}, {@code unless-stopped}, {@code
   * on-failure} or {@code on-failure:3}.
   *
   * @throws RuncibleException INVALID_INPUT for anything else
   */
  public static RestartPolicy parse(String text) {
    switch (text) {
      case "no", "" -> {
        return NO;
      }
      case "always", "unless-stopped" -> {
        return ALWAYS;
      }
      case "on-failure" -> {
        return onFailure();
      }
      default -> {
        String prefix = "on-failure:";
        try {
          if (text.startsWith(prefix)) {
            return onFailure(Integer.parseInt(text.substring(prefix.length())));
          }
        } catch (NumberFormatException e) {
          // Said below, with the whole text.
        }
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT,
            "'" + text + "' is no restart policy: no, always, unless-stopped, on-failure[:max]");
      }
    }
  }

  /** Whether to start again what ended so. */
  boolean restarts(boolean success, int before) {
    return before < maxRestarts && (onSuccess || !success);
  }

  /** The form that {@link #parse} reads. */
  @Override
  public String toString() {
    if (maxRestarts == 0) {
      return "no";
    }
    String name = onSuccess ? "always" : "on-failure";
    return maxRestarts == Integer.MAX_VALUE ? name : name + ":" + maxRestarts;
  }
}
