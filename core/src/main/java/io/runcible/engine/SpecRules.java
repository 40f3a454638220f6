package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.network.Network;
import java.time.Duration;
import java.util.List;

/** What a {@link ContainerSpec} must not say; INVALID_INPUT if it does. */
final class SpecRules {
  private static final int MAX_NAME = 64;
  private static final Duration LONGEST_STOP = Duration.ofDays(365);

  private SpecRules() {}

  /** Whether a text can be the id of a container. */
  static boolean isName(String text) {
    boolean valid = !text.isEmpty() && text.length() <= MAX_NAME;
    for (int i = 0; valid && i < text.length(); i++) {
      char c = text.charAt(i);
      boolean alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      valid = alphanumeric || (i > 0 && (c == '_' || c == '.' || c == '-'));
    }
    return valid;
  }

  static void requireName(String name) {
    if (!isName(name)) {
      throw invalid("'" + name + "' is no name: up to 64 of a-z 0-9 _ . - after a letter");
    }
  }

  static void requireRestartable(Stdio stdio) {
    if (stdio == Stdio.DIRECT) {
      throw invalid("a container with pipes of its own is not restarted: its end may be unknown");
    }
  }

  static void requireStays(boolean autoRemove) {
    if (autoRemove) {
      throw invalid("a container that is removed at its end is not restarted by itself");
    }
  }

  static void requireVariable(String key, String value) {
    if (key.isEmpty() || key.indexOf('=') >= 0 || (key + value).indexOf('\0') >= 0) {
      throw invalid("'" + key + "' cannot be an environment variable");
    }
  }

  static void requireAbsolute(String directory) {
    if (!directory.startsWith("/") || directory.indexOf('\0') >= 0) {
      throw invalid("the working directory '" + directory + "' is not an absolute path");
    }
  }

  static void requireStopTimeout(Duration timeout) {
    if (timeout.isNegative() || timeout.compareTo(LONGEST_STOP) > 0) {
      throw invalid("a stop cannot wait for " + timeout);
    }
  }

  static void requireWritableLimit(long bytes) {
    if (bytes < 1) {
      throw invalid("a limit of " + bytes + " bytes for what the container writes");
    }
  }

  static void requireOomScore(int score) {
    if (score < -1000 || score > 1000) {
      throw invalid("a score of " + score + " is not -1000 to 1000");
    }
  }

  static void requireLabelKey(String key) {
    if (key.isEmpty()) {
      throw invalid("a label needs a key");
    }
  }

  static void requireAnnotation(String key, String value) {
    if (key.isEmpty() || (key + value).indexOf('\0') >= 0) {
      throw invalid("'" + key + "' cannot be an annotation");
    }
  }

  static void requireTogether(List<Network> networks) {
    boolean bridges = networks.stream().allMatch(one -> one.kind() == Network.Kind.BRIDGE);
    boolean plugins = networks.stream().allMatch(one -> one.kind() == Network.Kind.CNI);
    if (networks.size() > 1 && !bridges && !plugins) {
      throw invalid(
          "the networks "
              + networks
              + " do not go together: several are all bridge networks, or all of CNI plugins");
    }
    if (networks.stream().map(Network::name).distinct().count() < networks.size()) {
      throw invalid("of the networks " + networks + " one is named twice");
    }
  }

  /** What is said of several settings together. */
  static void requireFitting(SpecState state) {
    if (state.detached && state.stdio == Stdio.DIRECT) {
      throw invalid("the pipes of a detached container cannot be its own: nobody else has them");
    }
    if (state.autoRemove && !state.detached) {
      throw invalid("a container that is not detached is removed by its close, not by its end");
    }
    if (!state.restartPolicy.equals(RestartPolicy.NO)) {
      requireRestartable(state.stdio);
      requireStays(state.autoRemove);
    }
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }
}
