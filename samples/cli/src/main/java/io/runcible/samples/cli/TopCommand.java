package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ProcessInfo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Lists the processes in a container. */
@Command(name = "top", description = "List the processes in a container.")
final class TopCommand extends EngineCommand {
  @Mixin private Table table = new Table();

  @Parameters(paramLabel = "CONTAINER")
  private String id = "";

  @Override
  int run(ContainerEngine engine) {
    table.titles("USER", "PID", "PPID", "HOST-PID", "STATE", "CPU-SECONDS", "MEMORY", "COMMAND");
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
    table.print();
    return 0;
  }
}
