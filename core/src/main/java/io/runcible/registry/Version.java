package io.runcible.registry;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;

/** How the client introduces itself. */
final class Version {
  private static final String RECORD = "/META-INF/maven/io.runcible/runcible/pom.properties";

  private Version() {}

  /** {@code runcible/1.2}; without a version where the library is not in its own jar. */
  static String userAgent() {
    try (InputStream record = Version.class.getResourceAsStream(RECORD)) {
      if (record == null) {
        return "runcible";
      }
      Properties properties = new Properties();
      properties.load(record);
      return "runcible/" + properties.getProperty("version", "unknown");
    } catch (IOException e) {
      return "runcible";
    }
  }
}
