package io.runcible.registry;

import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.spi.AbstractInterruptibleChannel;
import okhttp3.Call;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Ends a call when its thread is interrupted, which a blocking socket does not do by itself, or
 * when another thread says so. Travels as a tag of requests; one thread at a time runs in it.
 */
final class Cancellation {
  private volatile @Nullable Call call;
  private volatile boolean cancelled;
  private Guard guard = new Guard();

  /** What blocks on the network. */
  @FunctionalInterface
  interface Action<T> {
    T run() throws IOException;
  }

  /** The tag of a request, which then has one. */
  static Request tagged(Request request) {
    return request.tag(Cancellation.class) != null
        ? request
        : request.newBuilder().tag(Cancellation.class, new Cancellation()).build();
  }

  /** What can end the reading of a response. */
  static Cancellation of(Response response) {
    Cancellation tag = response.request().tag(Cancellation.class);
    return tag != null ? tag : new Cancellation();
  }

  /** Takes over a call that is about to start. */
  void attach(Call started) {
    call = started;
    if (cancelled) {
      started.cancel();
    }
  }

  /** Ends the call that is attached, and those to come. */
  void cancel() {
    cancelled = true;
    cancelCurrent();
  }

  /** Ends the call that is attached. */
  void cancelCurrent() {
    Call current = call;
    if (current != null) {
      current.cancel();
    }
  }

  /**
   * Does something that an interrupt of this thread breaks off, with whatever exception, and that
   * is nothing of the caller's.
   */
  <T> T run(Action<T> action) throws IOException {
    Guard entered = new Guard();
    guard = entered;
    entered.enter();
    try {
      return ContextLoader.library().call(action);
    } finally {
      entered.leave();
    }
  }

  /** Makes {@link #run} heed interrupts again after code that may have used a channel. */
  void heedAgain() {
    guard.enter();
  }

  /** Lends a channel's way of hearing of an interrupt. */
  private final class Guard extends AbstractInterruptibleChannel {
    void enter() {
      begin();
    }

    void leave() {
      try {
        end(true);
      } catch (AsynchronousCloseException e) {
        // The thread is interrupted, and stays so: whoever goes on will see it.
      }
    }

    @Override
    protected void implCloseChannel() {
      cancelCurrent();
    }
  }
}
