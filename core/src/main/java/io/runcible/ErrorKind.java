package io.runcible;

/** What went wrong, in the words a caller branches on. */
public enum ErrorKind {
  /** The named object does not exist. */
  NOT_FOUND,
  /** An object of that name exists already. */
  ALREADY_EXISTS,
  /** The caller's argument, or data that somebody sent, breaks its own rules. */
  INVALID_INPUT,
  /** The other side wants credentials, or refused the ones it got. */
  UNAUTHENTICATED,
  /** The identity is known and may not do this. */
  PERMISSION_DENIED,
  /** The object is not in a state that allows this. */
  FAILED_PRECONDITION,
  /** The other side, or a resource of the host, cannot serve now; a later try may succeed. */
  UNAVAILABLE,
  /** A time limit ran out. */
  TIMEOUT,
  /** The caller interrupted or cancelled the operation. */
  CANCELLED,
  /** Bytes are not what their digest, size or format says. */
  CORRUPT_DATA,
  /** This host, or this release, cannot do it; the message says why. */
  UNSUPPORTED,
  /** A fault of the library or of a program it drives. */
  INTERNAL
}
