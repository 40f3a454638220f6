package io.runcible.samples.cli;

import io.runcible.engine.Capabilities;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Prints what this host offers. */
@Command(
    name = "info",
    description = "Tell what this host offers and what is missing.",
    mixinStandardHelpOptions = true)
final class InfoCommand implements Callable<Integer> {
  @Mixin private EngineOptions engine = new EngineOptions();
  @Mixin private Table table = new Table();

  @Override
  public Integer call() {
    Capabilities capabilities = engine.capabilities();
    if (table.isPlain()) {
      System.out.println(capabilities);
      return 0;
    }
    table.titles("NAME", "AVAILABLE", "DETAIL");
    capabilities.features().forEach(one -> table.row(one.name(), one.available(), one.detail()));
    table.print();
    return 0;
  }
}
