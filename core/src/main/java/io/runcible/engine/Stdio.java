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
  PIPED,
  /**
   * As {@link #PIPED}, but the pipes are the process's own: the runtime ends before the program
   * runs, and does not stay to hand on what is read and written. Nobody waits for the process then,
   * so how it ended is known on Linux 6.15 and later alone; otherwise {@link
   * ContainerProcess#waitFor} and {@link Container#stop} fail with NOT_FOUND when it has ended.
   * Where nobody reaps orphans, as below a first process that knows of no children, and with
   * another runtime than runc or crun, it is the same as {@link #PIPED}. Not for detached
   * containers, not with a {@link RestartPolicy}, and not for an exec.
   */
  DIRECT;

  boolean isPiped() {
    return this == PIPED || this == DIRECT;
  }
}
