package io.runcible.engine;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Architecture;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.ChildSocket;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.ScriptProgram;
import io.runcible.json.JsonTree;
import io.runcible.runtime.Bundle;
import io.runcible.runtime.OciRuntime;
import io.runcible.runtime.OciRuntime.ExecRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts an {@link ExecAgent} in a container, by the runtime, which stays as its parent: it reaps
 * it at once, as it must be before the container's last process can be.
 */
final class AgentStart {
  /** Nobody waits for it. */
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private static final long PAUSE_NANOS = 1_000_000;

  private final EngineParts parts;
  private final ContainerDirectory directory;
  private final ContainerRecord record;

  /**
   * One that has been started.
   *
   * @param gone when the runtime has ended after it
   */
  record Made(ExecAgent agent, ChildProcess runtime, CompletableFuture<Boolean> gone) {
    private void ended() {
      synchronized (runtime) {
        runtime.reap();
        runtime.close();
        gone.complete(true);
      }
    }

    /** Ends the runtime, which does not end by itself. */
    void end() {
      synchronized (runtime) {
        if (!gone.isDone()) {
          runtime.killAndWait();
        }
      }
    }
  }

  AgentStart(EngineParts parts, ContainerDirectory directory, ContainerRecord record) {
    this.parts = parts;
    this.directory = directory;
    this.record = record;
  }

  /**
   * Starts one. Blocks.
   *
   * @param process what is executed with the rights that the agent is to have
   * @param namespace that of the container's pids
   * @throws RuncibleException if the runtime, the kernel or the container does not let it
   */
  Made start(ObjectNode process, String namespace) {
    Architecture architecture = Architecture.ofThisHost().orElseThrow();
    Path place = directory.execs().resolve(ContainerFactory.randomId());
    parts.watchdog().runtimeStarts();
    ChildSocket socket = ChildSocket.open();
    ChildProcess runtime = null;
    boolean made = false;
    try (FileDescriptor childEnd = socket.childEnd();
        Pipe input = Pipe.open();
        FileDescriptor program = ScriptProgram.seal(architecture, "runcible-exec")) {
      Files.createDirectory(place);
      ExecRequest request = request(place, process, input.reader());
      runtime =
          ContainerNetwork.runtime(parts, directory, record)
              .exec(request, List.of(childEnd, program));
      AgentScripts scripts = new AgentScripts(architecture);
      say(childEnd, input, scripts.begin());
      awaitPid(request.pidFile(), runtime);
      ContainerControl control = new ContainerControl(parts, directory, record);
      ExecAgent agent =
          ExecAgent.await(parts.host(), scripts, socket, namespace, control::isPaused, LIMIT);
      Made all = followed(agent, runtime);
      made = true;
      return all;
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot begin in '" + place + "'", e);
    } finally {
      if (!made) {
        socket.close();
        end(runtime);
      }
      remove(place);
    }
  }

  /** What stays goes with the container; the agent is there all the same. */
  private void remove(Path place) {
    try {
      parts.host().removeTree(place);
    } catch (RuncibleException e) {
      log().debug("'{}' stays as long as its container", place, e);
    }
  }

  /** The runtime kills what it has started if it cannot write down whom, which may be later. */
  private static void awaitPid(Path file, ChildProcess runtime) {
    long begin = System.nanoTime();
    while (!Files.exists(file)) {
      if (runtime.pidFd().hasEnded()
          || Thread.currentThread().isInterrupted()
          || System.nanoTime() - begin >= LIMIT.toNanos()) {
        throw new RuncibleException(ErrorKind.UNSUPPORTED, "the runtime does not start the agent");
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  /**
   * It ends as its input does. Killed, it would leave what it has begun to who reaps orphans, and
   * before that does, the container does not end. Waits for it, also when the engine closes,
   * without which nobody would reap it.
   */
  private void end(@Nullable ChildProcess runtime) {
    if (runtime != null) {
      parts
          .tasks()
          .uninterrupted(
              () -> {
                runtime.waitFor(LIMIT);
                runtime.killAndWait();
                runtime.close();
              });
    }
  }

  private Made followed(ExecAgent agent, ChildProcess runtime) {
    Made all = new Made(agent, runtime, new CompletableFuture<>());
    try {
      parts.watcher().onEnd(runtime.pidFd(), all::ended);
      return all;
    } catch (RuntimeException e) {
      agent.close();
      throw e;
    }
  }

  /**
   * Says what the agent reads first, by way of the runtime. Nobody else has its ends then: the end
   * of this process is the end of the agent.
   */
  private static void say(FileDescriptor childEnd, Pipe input, byte[] script) throws IOException {
    childEnd.close();
    input.reader().close();
    OutputStream out = input.outputStream();
    out.write(script);
    out.flush();
  }

  private ExecRequest request(Path place, ObjectNode process, FileDescriptor input) {
    ObjectNode agent = process.deepCopy();
    agent.putArray("args").add(AgentScripts.PROGRAM);
    agent.putArray("env").add("HOME=/");
    agent.put("cwd", "/");
    Path processFile = place.resolve("process.json");
    Bundle.writeFile(processFile, JsonTree.text(agent));
    return new ExecRequest(
        directory.id(),
        processFile,
        place.resolve("pid"),
        place.resolve("runtime.log"),
        new OciRuntime.Stdio(input, null, null));
  }

  private static Logger log() {
    return LoggerFactory.getLogger(AgentStart.class);
  }
}
