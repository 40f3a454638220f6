package io.runcible.junit;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Mount;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/** What the services of a Compose file have mounted, in the short form. */
final class ComposeVolumes {
  private final Set<String> declared;
  private final Optional<Path> directory;
  private final UnaryOperator<String> maker;

  /**
   * Those of a file.
   *
   * @param declared the volumes that it has
   * @param directory that paths are relative to; empty where there is none
   * @param maker makes a volume, and says its name in the engine
   */
  ComposeVolumes(Set<String> declared, Optional<Path> directory, UnaryOperator<String> maker) {
    this.declared = declared;
    this.directory = directory;
    this.maker = maker;
  }

  /** The same, for looking at them only. */
  ComposeVolumes unmade() {
    return new ComposeVolumes(declared, directory, UnaryOperator.identity());
  }

  /** A mount as a service says it. */
  Mount mount(ComposeNode node) {
    String[] parts = node.text().split(":", -1);
    boolean readOnly = parts.length == 3 && parts[2].equals("ro");
    if (parts.length > 3 || (parts.length == 3 && !readOnly && !parts[2].equals("rw"))) {
      throw node.refused("SOURCE:/DESTINATION or SOURCE:/DESTINATION:ro is wanted here");
    }
    try {
      Mount mount = parts.length == 1 ? Mount.volume(parts[0]) : mount(node, parts[0], parts[1]);
      return readOnly ? mount.readOnly() : mount;
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.INVALID_INPUT) {
        throw e;
      }
      throw node.refused(String.valueOf(e.getMessage()));
    }
  }

  private Mount mount(ComposeNode node, String source, String destination) {
    if (source.startsWith("/")) {
      return Mount.bind(Path.of(source).normalize(), destination);
    }
    if (source.startsWith(".")) {
      Path place =
          directory.orElseThrow(
              () ->
                  node.refused(
                      "a text has no directory that this could be relative to: give a file, or an"
                          + " absolute path"));
      return Mount.bind(place.resolve(source).normalize(), destination);
    }
    if (!declared.contains(source)) {
      throw node.refused(
          "there is no volume '" + source + "': declare it, or mount a directory, as ./data");
    }
    return Mount.volume(maker.apply(source), destination);
  }
}
