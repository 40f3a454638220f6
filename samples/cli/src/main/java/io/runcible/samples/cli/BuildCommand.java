package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/** Says how images are made instead. */
@Command(
    name = "build",
    description = {
      "Not supported: there is no builder of Containerfiles here. Make a container, change it, and",
      "commit it: create, start, exec, cp, commit --change."
    },
    mixinStandardHelpOptions = true)
final class BuildCommand implements Callable<Integer> {
  @Unmatched
  @SuppressWarnings("UnusedVariable")
  private List<String> all = new ArrayList<>();

  @Override
  public Integer call() {
    throw new RuncibleException(
        ErrorKind.UNSUPPORTED,
        "build is not supported, as there is no builder of Containerfiles here: make a container,"
            + " change it with `exec` and `cp`, and `commit --change` it");
  }
}
