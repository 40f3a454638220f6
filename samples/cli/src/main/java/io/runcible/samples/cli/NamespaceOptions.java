package io.runcible.samples.cli;

import io.runcible.engine.ContainerSpec;
import io.runcible.engine.NamespaceMode;
import picocli.CommandLine.Option;

/** What a container has in common with others, and its first process. */
final class NamespaceOptions {
  private static final String MODE = "private|host|container:NAME";

  @Option(
      names = "--ipc",
      paramLabel = "private|shareable|host|container:NAME",
      description = "Whose shared memory and message queues it sees. Default: its own alone.")
  private String ipc = NamespaceMode.PRIVATE.toString();

  @Option(
      names = "--pid",
      paramLabel = MODE,
      description = "Whose processes it sees. Default: its own alone.")
  private String pid = NamespaceMode.PRIVATE.toString();

  @Option(
      names = "--uts",
      paramLabel = MODE,
      description = "Whose host name it has. Default: one of its own.")
  private String uts = NamespaceMode.PRIVATE.toString();

  @Option(
      names = "--init",
      description = "Put a small first process before it that reaps orphans and passes signals on.")
  private boolean init;

  void apply(ContainerSpec.Builder spec) {
    spec.ipc(NamespaceMode.parse(ipc)).pid(NamespaceMode.parse(pid)).uts(NamespaceMode.parse(uts));
    if (init) {
      spec.init();
    }
  }
}
