package io.runcible.samples.jakarta;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.sandbox.OutputListener;
import io.runcible.sandbox.SandboxResult;
import jakarta.json.Json;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonValue;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * Passes what a program writes on to a client, while it writes it, as server-sent events. A program
 * that is faster than its client waits for it. The data of each event is JSON.
 */
final class RunStream implements OutputListener, StreamingOutput {
  private static final int MAX_WAITING = 16;
  private static final int CLIENT_SECONDS = 10;

  /** Silence for so long asks whether the client is still there. */
  private static final int BEAT_MILLIS = 500;

  private static final byte[] BEAT = ":\n\n".getBytes(StandardCharsets.US_ASCII);
  private static final Chunk END = new Chunk(Stream.STDOUT, "");

  private final String id;
  private final BlockingQueue<Chunk> chunks = new ArrayBlockingQueue<>(MAX_WAITING);
  private final TextDecoder stdout = new TextDecoder();
  private final TextDecoder stderr = new TextDecoder();
  private final CompletableFuture<Boolean> answered = new CompletableFuture<>();
  private CompletableFuture<SandboxResult> run = new CompletableFuture<>();
  private volatile boolean clientIsGone;

  private record Chunk(Stream stream, String text) {}

  RunStream(String id) {
    this.id = id;
  }

  /** The run whose output this hears. */
  void follow(CompletableFuture<SandboxResult> run) {
    this.run = run;
    // Full, it wakes up by itself.
    var unused = run.whenComplete((result, failure) -> chunks.offer(END));
  }

  /** Ends the run; the client is told. */
  void cancel() {
    run.cancel(true);
  }

  /** Completes when nothing more is written to the client. */
  CompletableFuture<Boolean> answered() {
    return answered;
  }

  @Override
  public void written(Stream stream, byte[] bytes) {
    Chunk chunk = new Chunk(stream, text(stream).append(bytes));
    try {
      if (!clientIsGone && !chunks.offer(chunk, CLIENT_SECONDS, TimeUnit.SECONDS)) {
        throw new RuncibleException(
            ErrorKind.CANCELLED, "the client has read nothing for " + CLIENT_SECONDS + " seconds");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void write(OutputStream client) {
    try {
      send(client, "started", Json.createObjectBuilder().add("id", id).build());
      while (!run.isDone() || !chunks.isEmpty()) {
        Chunk next = chunks.poll(BEAT_MILLIS, TimeUnit.MILLISECONDS);
        if (next == null) {
          client.write(BEAT);
          client.flush();
        } else {
          sendText(client, next);
        }
      }
      for (Stream stream : Stream.values()) {
        sendText(client, new Chunk(stream, text(stream).end()));
      }
      sendEnd(client);
    } catch (IOException e) {
      // The client is gone. Nobody can be told, and of a request that fails while it is answered
      // not every server lets go.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      // Does nothing to one that has ended.
      run.cancel(true);
      clientIsGone = true;
      chunks.clear();
      answered.complete(true);
    }
  }

  private TextDecoder text(Stream stream) {
    return stream == Stream.STDOUT ? stdout : stderr;
  }

  private void sendEnd(OutputStream client) throws IOException, InterruptedException {
    try {
      send(client, "result", describe(run.get()));
    } catch (CancellationException e) {
      send(client, "result", Json.createObjectBuilder().add("reason", "CANCELLED").build());
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      send(client, "error", Problem.describe(Problem.reason(cause)));
    }
  }

  private static JsonValue describe(SandboxResult result) {
    JsonObjectBuilder json = Json.createObjectBuilder().add("reason", result.reason().name());
    result.exitCode().ifPresent(code -> json.add("exitCode", code));
    result.signal().ifPresent(signal -> json.add("signal", signal));
    json.add("queueMillis", result.usage().queueTime().toMillis());
    json.add("wallMillis", result.usage().wallTime().toMillis());
    result.usage().cpuTime().ifPresent(time -> json.add("cpuMillis", time.toMillis()));
    result.usage().peakMemory().ifPresent(bytes -> json.add("peakMemory", bytes));
    return json.build();
  }

  private static void sendText(OutputStream client, Chunk chunk) throws IOException {
    if (!chunk.text().isEmpty()) {
      String event = chunk.stream().name().toLowerCase(Locale.ROOT);
      send(client, event, Json.createValue(chunk.text()));
    }
  }

  /** JSON has no line ends in it, as the data of an event must not. */
  private static void send(OutputStream client, String event, JsonValue data) throws IOException {
    client.write(("event: " + event + "\ndata: " + data + "\n\n").getBytes(StandardCharsets.UTF_8));
    client.flush();
  }
}
