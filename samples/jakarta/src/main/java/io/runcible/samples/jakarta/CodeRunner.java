package io.runcible.samples.jakarta;

import jakarta.ws.rs.ApplicationPath;
import jakarta.ws.rs.core.Application;
import java.util.Map;

/** Puts the resources below {@code api}. */
@ApplicationPath("api")
public class CodeRunner extends Application {
  /** Jersey, which some servers have, otherwise keeps the first 8 KiB back to count them. */
  @Override
  public Map<String, Object> getProperties() {
    return Map.of("jersey.config.server.contentLength.buffer", 0);
  }
}
