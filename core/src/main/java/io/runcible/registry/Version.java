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
    // Told without looking through all jars of a class path, as it is for the record.
    String packaged = Version.class.getPackage().getImplementationVersion();
    return "runcible" + (packaged != null ? "/" + packaged : recorded());
  }

  private static String recorded() {
    try (InputStream record = Version.class.getResourceAsStream(RECORD)) {
      if (record == null) {
        return "";
      }
      Properties properties = new Properties();
      properties.load(record);
      return "/" + properties.getProperty("version", "unknown");
    } catch (IOException e) {
      return "";
    }
  }
}
