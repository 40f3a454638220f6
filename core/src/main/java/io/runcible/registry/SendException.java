package io.runcible.registry;

import java.io.IOException;
import okhttp3.HttpUrl;

/** A request that failed on its way, and to whom: a redirect may have led to another host. */
final class SendException extends IOException {
  private static final long serialVersionUID = 1L;

  private final transient HttpUrl url;

  SendException(HttpUrl url, IOException cause) {
    super(cause.getMessage(), cause);
    this.url = url;
  }

  HttpUrl url() {
    return url;
  }
}
