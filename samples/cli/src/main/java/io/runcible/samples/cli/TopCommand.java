package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ProcessInfo;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Lists the processes in a container. */
@Command(
    name = "top",
    description = "List the processes in a container.",
    mixinStandardHelpOptions = true)
final class TopCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();
  @Mixin private Table table = new Table();

  @Parameters(paramLabel = "CONTAINER")
  private String id = "";

  @Override
  public Integer call() {
    table.titles("USER", "PID", "PPID", "HOST-PID", "STATE", "CPU-SECONDS", "MEMORY", "COMMAND");
    try (ContainerEngine engine = options.open()) {
      for (ProcessInfo process : Containers.require(engine, id).top()) {
        table.row(
            process.user(),
            process.pid(),
            process.parentPid(),
            process.hostPid(),
            process.state(),
            process.cpuTime().toMillis() / 1000.0,
            process.memory(),
            process.command());
      }
    }
    table.print();
    return 0;
  }
}
