package io.runcible.registry;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;

/** How the client introduces itself. */
final class Version {
  /** The name of the module in its pom, which its jar has for its own. */
  private static final String TITLE = "Runcible";

  private static final String RECORD = "/META-INF/maven/io.runcible/runcible/pom.properties";

  private Version() {}

  /** {@code runcible/1.2}; without a version where none is recorded. */
  static String userAgent() {
    // Told without looking through all jars of a class path, as it is for the record.
    Package packaged = Version.class.getPackage();
    String version = packaged.getImplementationVersion();
    // A jar with much in it says what itself is.
    boolean own = TITLE.equals(packaged.getImplementationTitle()) && version != null;
    return "runcible" + (own ? "/" + version : recorded());
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
