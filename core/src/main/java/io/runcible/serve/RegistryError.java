package io.runcible.serve;

import java.util.HashMap;
import java.util.Map;

/** An answer that is an error, in the terms of the distribution API ("Error Codes"). */
final class RegistryError extends Exception {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String code;
  private final transient Map<String, String> headers = new HashMap<>();

  RegistryError(int status, String code, String message) {
    super(message, null, false, false);
    this.status = status;
    this.code = code;
  }

  /** Adds a header to the answer. */
  RegistryError header(String name, String value) {
    headers.put(name, value);
    return this;
  }

  int status() {
    return status;
  }

  String code() {
    return code;
  }

  Map<String, String> headers() {
    return headers;
  }
}
