package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/** Says why nothing is searched. */
@Command(
    name = "search",
    description = {
      "Not supported: the protocol of registries has no search. Look at a registry's own pages for",
      "names, and at `tags NAME` for what there is of one."
    },
    mixinStandardHelpOptions = true)
final class SearchCommand implements Callable<Integer> {
  @Unmatched
  @SuppressWarnings("UnusedVariable")
  private List<String> all = new ArrayList<>();

  @Override
  public Integer call() {
    throw new RuncibleException(
        ErrorKind.UNSUPPORTED,
        "search is not supported, as the protocol of registries has none: look at the registry's"
            + " own pages for names, and at `tags NAME` for what there is of one");
  }
}
