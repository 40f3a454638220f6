package io.runcible.samples.jakarta;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The runs whose clients have not yet been told how they ended. */
@ApplicationScoped
public class OpenRuns {
  private static final int END_SECONDS = 10;

  private final Set<RunStream> streams = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  void add(RunStream stream) {
    streams.add(stream);
    var unused = stream.answered().whenComplete((answered, failure) -> streams.remove(stream));
    if (closed) {
      stream.cancel();
    }
  }

  /** Ends all, also those that come, and waits until their clients know. */
  void close() {
    closed = true;
    streams.forEach(RunStream::cancel);
    CompletableFuture<?>[] answers =
        streams.stream().map(RunStream::answered).toArray(CompletableFuture<?>[]::new);
    try {
      CompletableFuture.allOf(answers).get(END_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      // A client that does not read holds up nothing.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
