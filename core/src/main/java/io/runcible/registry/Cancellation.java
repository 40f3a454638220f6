package io.runcible.registry;

import okhttp3.Call;
import org.jspecify.annotations.Nullable;

/** Ends a call from another thread, also one that begins later. Travels as a tag of requests. */
final class Cancellation {
  private volatile @Nullable Call call;
  private volatile boolean cancelled;

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
}
