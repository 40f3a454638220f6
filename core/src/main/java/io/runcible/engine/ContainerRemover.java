package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.PidFd;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.runtime.Cgroup;
import io.runcible.runtime.Cgroups;
import io.runcible.runtime.OciRuntime;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Removes all there is of a container, whatever state its making or its end left it in. */
final class ContainerRemover {
  /** The kind of journal entry that names a container, by {@link #ID} and {@link #OWNER}. */
  static final String KIND = "container";

  static final String ID = "id";
  static final String OWNER = "owner";

  private final PrivilegedHost host;
  private final OciRuntime runtime;
  private final Cgroups cgroups = Cgroups.detect();
  private final Path containers;

  ContainerRemover(PrivilegedHost host, OciRuntime runtime, Path containers) {
    this.host = host;
    this.runtime = runtime;
    this.containers = containers;
  }

  /** Where a container of this owner is put together before it gets its name. */
  static Path unnamed(Path containers, String owner, String id) {
    return containers.resolve(".new-" + owner + "-" + id);
  }

  /** Removes what a dead engine left of a container; the name may be another engine's by now. */
  void undo(Map<String, String> facts) {
    String id = facts.getOrDefault(ID, "");
    String owner = facts.getOrDefault(OWNER, "");
    host.removeTree(unnamed(containers, owner, id));
    ContainerDirectory directory = ContainerDirectory.of(containers, id);
    Optional<ContainerRecord> record = ContainerRecord.read(directory);
    if (record.isPresent() && record.get().owner().equals(owner)) {
      endRuntimes(directory);
      remove(directory);
    }
  }

  /** Ends what still runs, and removes the runtime's state, the mount and the files. */
  void remove(ContainerDirectory directory) {
    runtime.delete(directory.id(), true);
    ContainerRecord.read(directory).ifPresent(this::removeCgroup);
    host.unmount(directory.rootfs());
    host.removeTree(directory.path());
  }

  /** A runtime that was killed before it wrote its state leaves a group that it knows nothing of. */
  private void removeCgroup(ContainerRecord record) {
    if (!record.cgroupsPath().isEmpty()) {
      Cgroup group = cgroups.group(record.cgroupsPath());
      if (group.exists()) {
        group.kill(host);
        group.remove();
      }
    }
  }

  /** A runtime that was just starting when its engine died must not go on and make a container. */
  private void endRuntimes(ContainerDirectory directory) {
    String bundle = directory.path().toString();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        if (worksOn(process, bundle)) {
          end(Integer.parseInt(process.getFileName().toString()), process, bundle);
        }
      }
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot list the processes", e);
    }
  }

  private void end(int pid, Path process, String bundle) {
    PidFd.open(pid)
        .ifPresent(
            fd -> {
              try (fd) {
                // Asked again through the open descriptor: the number may have been given anew.
                if (worksOn(process, bundle)) {
                  host.signal(fd, Signals.KILL);
                }
              }
            });
  }

  private boolean worksOn(Path process, String bundle) {
    try {
      String commandLine =
          new String(Files.readAllBytes(process.resolve("cmdline")), StandardCharsets.ISO_8859_1);
      return commandLine.contains(bundle)
          && Files.readSymbolicLink(process.resolve("exe")).equals(runtime.info().program());
    } catch (IOException e) {
      // It has ended, or is another user's.
      return false;
    }
  }
}
