package io.runcible.samples.cli;

import picocli.CommandLine.Option;

/** What scripts say that were written for a command that asks. */
final class Force {
  @Option(
      names = {"-f", "--force"},
      description = "Accepted: nothing is asked.")
  @SuppressWarnings("UnusedVariable")
  private boolean force;
}
