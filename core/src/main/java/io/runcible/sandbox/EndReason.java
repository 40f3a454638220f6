package io.runcible.sandbox;

/** Why a program in a sandbox ended. */
public enum EndReason {
  /** It ended by itself, with an exit code. */
  EXITED,
  /** A signal of its own, or of another program of the sandbox, ended it. */
  SIGNALLED,
  /** The limit of wall-clock time of the profile or the request ran out. */
  TIMEOUT,
  /** The memory limit was reached: the kernel ended it, or it failed after one of its children. */
  MEMORY,
  /** It wrote more than it may to one of its outputs. */
  OUTPUT
}
