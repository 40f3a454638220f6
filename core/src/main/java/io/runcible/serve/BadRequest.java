package io.runcible.serve;

import java.io.IOException;

/** A request that cannot be understood; the connection is of no use any more. */
final class BadRequest extends IOException {
  private static final long serialVersionUID = 1L;

  private final int status;

  BadRequest(String message) {
    this(400, message);
  }

  BadRequest(int status, String message) {
    super(message);
    this.status = status;
  }

  int status() {
    return status;
  }
}
