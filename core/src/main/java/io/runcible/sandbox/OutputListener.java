package io.runcible.sandbox;

/** Hears what a program writes while it writes it. */
@FunctionalInterface
public interface OutputListener {
  /** The two outputs of a program. */
  enum Stream {
    /** The standard output. */
    STDOUT,
    /** The standard error output. */
    STDERR
  }

  /**
   * Called with the next bytes of an output, in their order, on a thread of the sandbox; never at
   * the same time for the same output. While it does not return, the program waits once its pipe is
   * full. An exception ends the program, and the run fails with it.
   */
  void written(Stream stream, byte[] bytes);
}
