package io.runcible.samples.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Tells the version, and what it runs on. */
@Command(
    name = "version",
    description = "Tell the version of the program.",
    mixinStandardHelpOptions = true)
final class VersionCommand implements Callable<Integer> {
  @Mixin private Document document = new Document();

  @Override
  public Integer call() {
    document.add("version", Cli.Version.number());
    document.add("java", Runtime.version().toString());
    document.add("platform", System.getProperty("os.name") + "/" + System.getProperty("os.arch"));
    document.print();
    return 0;
  }
}
