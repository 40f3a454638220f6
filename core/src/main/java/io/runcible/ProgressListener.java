package io.runcible;

/**
 * Hears of bytes being moved. Called on the threads that move them, also concurrently, so an
 * implementation is quick, takes no lock for long and does not call back into the engine. What it
 * throws is logged and does not disturb the operation.
 */
@FunctionalInterface
public interface ProgressListener {
  /** A listener that does nothing. */
  ProgressListener NONE = event -> {};

  /** Something moved. */
  void onProgress(ProgressEvent event);
}
