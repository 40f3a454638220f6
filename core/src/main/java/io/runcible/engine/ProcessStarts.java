package io.runcible.engine;

import io.runcible.ffi.FileDescriptor;
import io.runcible.runtime.Bundle;
import io.runcible.runtime.OciRuntime;
import io.runcible.runtime.OciRuntime.RunRequest;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Starts the processes of containers by the runtime, and finds those that others started. */
final class ProcessStarts {
  private ProcessStarts() {}

  /**
   * Starts the container of a bundle.
   *
   * @param held of a detached one, the lock of the start and what the monitor keeps open
   */
  static StartedProcess run(
      EngineParts parts,
      ContainerDirectory directory,
      ContainerRecord record,
      Stdio stdio,
      List<FileDescriptor> held) {
    new SharedNamespaces(parts, directory, record).pin();
    ProcessStreams streams = streams(parts, directory, record, stdio);
    RunRequest request = request(directory, record, streams);
    StartedProcess started = ofContainer(parts, directory, request, streams);
    started.launch(
        streams,
        () -> {
          AutoRemoval.follow(directory, record, started.process());
          record.ids().give(streams.childEnds());
          parts.watchdog().runtimeStarts();
          if (record.detached()) {
            DetachedMonitor.start(parts, directory, record, request, streams, held);
            started.follow(directory);
            return;
          }
          if (stdio == Stdio.DIRECT && canCreate(parts) && Orphans.areReaped()) {
            // Who waits in it is seen before it can end.
            started.awaitAlone(
                ContainerNetwork.runtime(parts, directory, record).create(request),
                outcome(parts, record));
          } else {
            started.await(
                ContainerNetwork.runtime(parts, directory, record).run(request),
                status -> outcome(parts, record).apply(started.exactly(status)),
                () -> {});
          }
        });
    return started;
  }

  /** Of these it is known what they write of what they have made, and how that waits. */
  static boolean canCreate(EngineParts parts) {
    OciRuntime.Info runtime = parts.runtime().info();
    return Set.of("runc", "crun").contains(runtime.name()) && runtime.version().startsWith("1.");
  }

  private static UnaryOperator<ExitStatus> outcome(EngineParts parts, ContainerRecord record) {
    return status ->
        (record.options().init() ? ExitStatus.ofCode(status.code()) : status)
            .withOutOfMemory(oomKills(parts, record) > 0);
  }

  private static RunRequest request(
      ContainerDirectory directory, ContainerRecord record, ProcessStreams streams) {
    return RunRequest.of(directory.id(), new Bundle(directory.path()), streams.stdio())
        .withOthersEnd(SharedNamespaces.outlivedByOthers(record.options()));
  }

  private static StartedProcess ofContainer(
      EngineParts parts, ContainerDirectory directory, RunRequest request, ProcessStreams streams) {
    return new StartedProcess(
        parts,
        directory.id(),
        "container " + directory.id(),
        request.pidFile(),
        streams,
        () -> parts.runtime().failure(request),
        self -> {});
  }

  /**
   * Whether the runtime can make a container before it is to run: nobody is then the parent of its
   * process, and a terminal would need somebody beside it, and so would the end of a container in
   * another pid namespace, or a log that is still being written. Namespaces of others are those of
   * the time of the start.
   */
  static boolean canPrepare(EngineParts parts, ContainerRecord record, Stdio stdio) {
    return canCreate(parts)
        && !record.detached()
        && record.options().terminal().isEmpty()
        && !SharedNamespaces.hasOthers(record.options())
        && record.options().logPolicy().format() != LogPolicy.Format.CRI
        && (stdio == Stdio.DIRECT ? Orphans.areReaped() : Orphans.areTold());
  }

  /** Makes the container of a bundle, whose program then waits to be let go. */
  static StartedProcess prepare(
      EngineParts parts, ContainerDirectory directory, ContainerRecord record, Stdio stdio) {
    new SharedNamespaces(parts, directory, record).pin();
    ProcessStreams streams = streams(parts, directory, record, stdio);
    RunRequest request = request(directory, record, streams);
    StartedProcess prepared = ofContainer(parts, directory, request, streams);
    prepared.launch(
        streams,
        () -> {
          record.ids().give(streams.childEnds());
          parts.watchdog().runtimeStarts();
          prepared.awaitAlone(
              ContainerNetwork.runtime(parts, directory, record).create(request),
              outcome(parts, record));
        });
    return prepared;
  }

  private static ProcessStreams streams(
      EngineParts parts, ContainerDirectory directory, ContainerRecord record, Stdio stdio) {
    ContainerOptions options = record.options();
    if (options.terminal().isPresent() && !options.interactive()) {
      return ProcessStreams.openTerminal(options.terminal().get());
    }
    ProcessStreams streams =
        switch (options.logPolicy().format()) {
          case CRI ->
              ProcessStreams.openLogged(
                  directory.log(), options.logPolicy(), record.detached() ? null : parts.pump());
          case RAW -> ProcessStreams.open(stdio, directory.stdout(), directory.stderr());
          case NONE -> ProcessStreams.openUnread();
        };
    return options.interactive() ? withInput(streams, directory, record) : streams;
  }

  private static ProcessStreams withInput(
      ProcessStreams streams, ContainerDirectory directory, ContainerRecord record) {
    try {
      return streams.withInput(ContainerInput.make(directory, record));
    } catch (RuntimeException e) {
      streams.started();
      throw e;
    }
  }

  /** Follows a detached container that an earlier engine started. */
  static StartedProcess adopt(
      EngineParts parts, ContainerDirectory directory, ContainerRecord record) {
    ProcessStreams streams =
        switch (record.options().logPolicy().format()) {
          case CRI -> ProcessStreams.ofLog(directory.log());
          case RAW -> ProcessStreams.ofFiles(directory.stdout(), directory.stderr());
          case NONE -> ProcessStreams.ofNothing();
        };
    if (record.options().interactive()) {
      streams.withInput(ContainerInput.find(directory, record));
    }
    StartedProcess adopted =
        new StartedProcess(
            parts,
            directory.id(),
            "container " + directory.id(),
            directory.pidFile(),
            streams,
            Optional::empty,
            self -> {});
    AutoRemoval.follow(directory, record, adopted.process());
    try {
      adopted.adopt(directory);
      return adopted;
    } catch (RuntimeException e) {
      adopted.release();
      throw e;
    }
  }

  /** Whether a process of it was killed because memory ran out. */
  static boolean outOfMemory(EngineParts parts, ContainerDirectory directory) {
    return ContainerRecord.read(directory).map(record -> oomKills(parts, record) > 0).orElse(false);
  }

  static long oomKills(EngineParts parts, ContainerRecord record) {
    return parts.limits().place().oomKills(record.cgroupsPath()).orElse(0);
  }
}
