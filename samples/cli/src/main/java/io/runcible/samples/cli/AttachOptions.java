package io.runcible.samples.cli;

import io.runcible.engine.Attachment;
import io.runcible.engine.Container;
import picocli.CommandLine.Option;

/** How this program is connected with a container that was detached. */
final class AttachOptions {
  @Option(
      names = "--detach-keys",
      paramLabel = "KEYS",
      description =
          "What detaches when typed: letters and ctrl-LETTER, with commas between them; empty for"
              + " nothing. Default: ${DEFAULT-VALUE}.")
  private String detachKeys = DetachKeys.DEFAULT;

  @Option(
      names = "--sig-proxy",
      arity = "0..1",
      defaultValue = "true",
      fallbackValue = "true",
      description = "Pass signals on to the container. Default: true.")
  private boolean signals;

  DetachKeys keys() {
    return DetachKeys.parse(detachKeys);
  }

  /**
   * From now on; see {@link Streams#attach(Container, Attachment, boolean, boolean, DetachKeys)}.
   */
  int attach(Container container, Attachment attachment, boolean input) {
    return Streams.attach(container, attachment, input, signals, keys());
  }

  /** The same of one that was just started for it, whose input ends with this program's. */
  int follow(Container container, Attachment attachment, boolean input) {
    return Streams.follow(container, attachment, input, signals, keys());
  }

  /** The same of one that was just started, from that on. */
  int follow(Container container, boolean input) {
    return Streams.follow(container, input, signals, keys());
  }
}
