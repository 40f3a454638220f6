package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Attachment;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerState;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Starts containers that were created, or have ended. One that runs is left alone. */
@Command(
    name = "start",
    description =
        "Start containers that do not run; with --attach one of them, or one that runs, to its end.")
final class StartCommand extends EngineCommand {
  @Spec private @Nullable CommandSpec command;
  @Mixin private AttachOptions attaching = new AttachOptions();

  @Option(
      names = {"-a", "--attach"},
      description = "Connect with it, and end with its exit code.")
  private boolean attach;

  @Option(
      names = {"-i", "--interactive"},
      description = "With --attach, which it implies: pass the input on, if it was made with -i.")
  private boolean interactive;

  // The short form is that of --attach, as with the other engines.
  @Option(names = "--all", description = "All containers.")
  private boolean all;

  @Parameters(paramLabel = "CONTAINER", arity = "0..*")
  private List<String> ids = List.of();

  @Override
  void check() {
    Containers.check(command, all, ids);
    if (isAttached() && ids.size() != 1) {
      throw Cli.usage(command, "--attach and --interactive are for one CONTAINER");
    }
    attaching.keys();
  }

  private boolean isAttached() {
    return attach || interactive;
  }

  @Override
  int run(ContainerEngine engine) {
    return isAttached()
        ? attach(Containers.require(engine, ids.get(0)))
        : Containers.each(engine, all, ids, StartCommand::start);
  }

  /** Whether it did not run. */
  private static boolean start(Container container) {
    ContainerState state = container.state();
    if (state == ContainerState.CREATED || state == ContainerState.STARTING) {
      container.start();
      return true;
    }
    if (state == ContainerState.STOPPED) {
      container.restart(Duration.ZERO);
      return true;
    }
    if (state == ContainerState.REMOVED) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, "container '" + container.id() + "' has just been removed");
    }
    return false;
  }

  /** Before it is started for somebody who could not be connected with it. */
  private static void requireOutput(Container container) {
    try (InputStream log = container.logs().stdout()) {
      log.available();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.UNSUPPORTED) {
        throw new RuncibleException(
            ErrorKind.FAILED_PRECONDITION,
            "what container '"
                + container.name()
                + "' writes is thrown away, as --log-driver none has it: start it without --attach",
            e);
      }
      // Before its first start it may have no log yet.
    }
  }

  /** As soon as it has ended there may be nothing left of it, as --rm has it. */
  private int startAttached(Container container) {
    try (Attachment attachment = container.startAttached()) {
      return attaching.follow(container, attachment, interactive);
    }
  }

  private int attach(Container container) {
    if (!container.isRunning()) {
      requireOutput(container);
    }
    boolean started;
    try {
      if (container.state() == ContainerState.CREATED) {
        return startAttached(container);
      }
      started = start(container);
    } catch (RuncibleException e) {
      return Cli.notStarted(e);
    }
    if (started) {
      return attaching.follow(container, interactive);
    }
    try (Attachment attachment = container.attach()) {
      return attaching.attach(container, attachment, interactive);
    }
  }
}
