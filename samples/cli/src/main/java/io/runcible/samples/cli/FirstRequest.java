package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.registry.RegistryClient;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * The question that every pull begins with, asked while the engine is being opened: in a new
 * process, the first request takes as long as that. The pull asks again, with what is ready by
 * then.
 */
final class FirstRequest {
  private final FutureTask<Descriptor> answer;

  private FirstRequest(FutureTask<Descriptor> answer) {
    this.answer = answer;
  }

  /** Asks on a thread of its own, which ends at the latest when the client is closed. */
  static FirstRequest send(RegistryClient client, ImageReference reference) {
    FirstRequest request = new FirstRequest(new FutureTask<>(() -> client.resolve(reference)));
    Thread thread = new Thread(request.answer, "first-request");
    thread.setDaemon(true);
    thread.start();
    return request;
  }

  /**
   * Waits for the answer.
   *
   * @throws RuncibleException what the pull would fail with
   */
  void await() {
    try {
      answer.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuncibleException failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(ErrorKind.CANCELLED, "interrupted", e);
    }
  }
}
