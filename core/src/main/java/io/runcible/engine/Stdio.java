package io.runcible.engine;

/** Where the input and output of a process go. */
public enum Stdio {
  /**
   * Output goes to files that live as long as the container; reading them follows the process until
   * it ends. Nobody has to read, and the process never waits for a reader. Input is empty.
   */
  LOGGED,
  /**
   * Output as with {@link #LOGGED}. The input stays open until somebody closes it; {@link
   * Container#attach} reaches both, any number of times, and of a detached container also from
   * another process. An exec cannot have it.
   */
  INTERACTIVE,
  /**
   * All three are pipes to the caller, who must read both outputs or the process will wait once a
   * pipe is full. What a detached process writes after its JVM ended is lost.
   */
  PIPED
}
