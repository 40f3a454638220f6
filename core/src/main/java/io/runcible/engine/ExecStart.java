package io.runcible.engine;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.json.JsonTree;
import io.runcible.runtime.Bundle;
import io.runcible.runtime.OciRuntime.ExecRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Starts further processes in a container, by an agent that is there, otherwise by the runtime. */
final class ExecStart {
  private final EngineParts parts;
  private final ContainerDirectory directory;
  private final ContainerRecord record;
  private final ExecAgents agents;

  ExecStart(
      EngineParts parts, ContainerDirectory directory, ContainerRecord record, ExecAgents agents) {
    this.parts = parts;
    this.directory = directory;
    this.record = record;
    this.agents = agents;
  }

  /**
   * Starts one. When its {@link ContainerProcess} is closed, it is ended and nothing of it is left.
   *
   * @param merged whether both outputs go to one pipe, whatever the spec says
   * @param first the first process of the container
   * @param onRelease hears of that
   */
  StartedProcess start(
      ExecSpec spec, boolean merged, StartedProcess first, Consumer<StartedProcess> onRelease) {
    // Not a number: another engine, or one that was killed, may have counted, too.
    Path place = directory.execs().resolve(ContainerFactory.randomId());
    try {
      Files.createDirectory(place);
      ObjectNode process = ExecProcess.of(parts, directory, record.ids(), spec);
      ProcessStreams streams = streams(spec, merged, place);
      ExecRequest request =
          new ExecRequest(
              directory.id(),
              place.resolve("process.json"),
              place.resolve("pid"),
              place.resolve("runtime.log"),
              streams.stdio());
      StartedProcess started =
          new StartedProcess(
              parts,
              directory.id(),
              "'" + spec.command().get(0) + "' in container " + directory.id(),
              request.pidFile(),
              streams,
              () -> parts.runtime().failure(request),
              self -> {
                self.endAndRemove(place);
                onRelease.accept(self);
              });
      started.launch(
          streams,
          () -> {
            record.ids().give(streams.childEnds());
            ExecTimeout timeout = new ExecTimeout(parts, started);
            UnaryOperator<ExitStatus> outcome = outcome(timeout);
            if (!byAgent(started, first, process, streams, outcome)) {
              byRuntime(started, process, request, outcome);
            }
            spec.timeout().ifPresent(timeout::begin);
          });
      return started;
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + place + "'", e);
    } catch (RuntimeException e) {
      parts.host().removeTree(place);
      throw e;
    }
  }

  private static ProcessStreams streams(ExecSpec spec, boolean merged, Path place) {
    if (merged) {
      return ProcessStreams.openMerged();
    }
    return spec.tty()
        .map(ProcessStreams::openTerminal)
        .orElseGet(
            () ->
                ProcessStreams.open(
                    spec.stdio(), place.resolve("stdout"), place.resolve("stderr")));
  }

  private UnaryOperator<ExitStatus> outcome(ExecTimeout timeout) {
    long killsBefore = ProcessStarts.oomKills(parts, record);
    return status ->
        timeout.seen(status).withOutOfMemory(ProcessStarts.oomKills(parts, record) > killsBefore);
  }

  private boolean byAgent(
      StartedProcess started,
      StartedProcess first,
      ObjectNode process,
      ProcessStreams streams,
      UnaryOperator<ExitStatus> outcome) {
    OptionalInt pid = first.pid();
    Optional<ExecAgents.Started> child = agents.start(pid, process, streams.childEnds());
    child.ifPresent(
        running -> started.follow(running, () -> first.endsSoon(pid, Duration.ZERO), outcome));
    return child.isPresent();
  }

  private void byRuntime(
      StartedProcess started,
      ObjectNode process,
      ExecRequest request,
      UnaryOperator<ExitStatus> outcome) {
    parts.watchdog().runtimeStarts();
    Bundle.writeFile(request.processFile(), JsonTree.text(process));
    ChildProcess runtime = ContainerNetwork.runtime(parts, directory, record).exec(request);
    started.await(
        runtime,
        status -> outcome.apply(started.exactly(status)),
        () -> {
          started.closeDescriptors();
          agents.ended(process);
        });
  }
}
