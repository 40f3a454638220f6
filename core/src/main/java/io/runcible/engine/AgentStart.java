package io.runcible.engine;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Architecture;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.ChildSocket;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.PidFd;
import io.runcible.ffi.ScriptProgram;
import io.runcible.ffi.WaitStatus;
import io.runcible.json.JsonTree;
import io.runcible.runtime.Bundle;
import io.runcible.runtime.OciRuntime;
import io.runcible.runtime.OciRuntime.ExecRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Starts an {@link ExecAgent} in a container, by the runtime. */
final class AgentStart {
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private AgentStart() {}

  /**
   * Starts one. Blocks.
   *
   * @param process what is executed with the rights that the agent is to have
   * @throws RuncibleException if the runtime, the kernel or the container does not let it
   */
  static ExecAgent start(
      EngineParts parts, ContainerDirectory directory, ContainerRecord record, ObjectNode process) {
    Architecture architecture = Architecture.ofThisHost().orElseThrow();
    Path place = directory.execs().resolve(ContainerFactory.randomId());
    parts.watchdog().runtimeStarts();
    ChildSocket socket = ChildSocket.open();
    boolean made = false;
    try (FileDescriptor program = ScriptProgram.seal(architecture, "runcible-exec");
        FileDescriptor childEnd = socket.childEnd()) {
      Files.createDirectory(place);
      ExecRequest request = request(directory, place, process, childEnd);
      OciRuntime runtime = ContainerNetwork.runtime(parts, directory, record);
      PidFd agent = started(runtime, request, program);
      // Nobody else has it then: the end of this process is the end of the agent.
      childEnd.close();
      ExecAgent answering =
          new ExecAgent(parts.host(), new AgentScripts(architecture), socket, agent);
      made = true;
      return answering;
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + place + "'", e);
    } finally {
      if (!made) {
        socket.close();
      }
      parts.host().removeTree(place);
    }
  }

  private static ExecRequest request(
      ContainerDirectory directory, Path place, ObjectNode process, FileDescriptor socket) {
    ObjectNode agent = process.deepCopy();
    agent.putArray("args").add(OciRuntime.PASSED_PROGRAM);
    agent.putArray("env").add("HOME=/");
    agent.put("cwd", "/");
    Path processFile = place.resolve("process.json");
    Bundle.writeFile(processFile, JsonTree.text(agent));
    return new ExecRequest(
        directory.id(),
        processFile,
        place.resolve("pid"),
        place.resolve("runtime.log"),
        new OciRuntime.Stdio(socket, null, null));
  }

  /** The process; it has not been told to do anything yet, and ends with its input. */
  private static PidFd started(OciRuntime runtime, ExecRequest request, FileDescriptor program)
      throws IOException {
    try (ChildProcess child = runtime.execDetached(request, program)) {
      Optional<WaitStatus> ended = Optional.empty();
      try {
        ended = child.waitFor(LIMIT);
      } finally {
        if (ended.isEmpty()) {
          child.killAndWait();
        }
      }
      if (ended.isEmpty() || !ended.get().isSuccess() || !Files.exists(request.pidFile())) {
        throw runtime
            .failure(request)
            .orElseGet(
                () ->
                    new RuncibleException(
                        ErrorKind.INTERNAL, "the runtime started no agent, and does not say why"));
      }
      int pid = Integer.parseInt(Files.readString(request.pidFile()).strip());
      return PidFd.open(pid)
          .orElseThrow(
              () -> new RuncibleException(ErrorKind.NOT_FOUND, "the agent has ended at once"));
    } catch (NumberFormatException e) {
      throw new RuncibleException(ErrorKind.INTERNAL, "the runtime wrote no number", e);
    }
  }
}
