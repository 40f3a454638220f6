package io.runcible.serve;

/** An answer that is an error, in the terms of the distribution API ("Error Codes"). */
final class RegistryError extends Exception {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String code;

  RegistryError(int status, String code, String message) {
    super(message, null, false, false);
    this.status = status;
    this.code = code;
  }

  int status() {
    return status;
  }

  String code() {
    return code;
  }
}
