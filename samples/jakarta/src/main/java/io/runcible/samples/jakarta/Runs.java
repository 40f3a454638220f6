package io.runcible.samples.jakarta;

import io.runcible.jakarta.InSandbox;
import io.runcible.sandbox.Sandbox;
import io.runcible.sandbox.SandboxResult;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** The programs that run in the sandbox, by ids that nobody can guess. */
@ApplicationScoped
public class Runs {
  static final int MAX_SECONDS = 60;

  @Inject
  @InSandbox(
      value = BusyboxImage.NAME,
      memory = "64m",
      pids = 32,
      timeoutMillis = MAX_SECONDS * 1000,
      outputLimit = 256 << 10,
      maxRunning = 8,
      maxQueued = 32)
  private Sandbox sandbox;

  @Inject private OpenRuns open;

  private final Map<String, CompletableFuture<SandboxResult>> running = new ConcurrentHashMap<>();

  /** Starts a program, and returns what it will write. */
  RunStream start(Language language, byte[] program, Duration limit) {
    String id = UUID.randomUUID().toString();
    RunStream stream = new RunStream(id);
    CompletableFuture<SandboxResult> run =
        sandbox.submit(language.request(program).timeout(limit).output(stream).build());
    running.put(id, run);
    var unused = run.whenComplete((result, failure) -> running.remove(id));
    stream.follow(run);
    open.add(stream);
    return stream;
  }

  /** Ends one; false if there is none. */
  boolean cancel(String id) {
    CompletableFuture<SandboxResult> run = running.get(id);
    return run != null && run.cancel(true);
  }
}
