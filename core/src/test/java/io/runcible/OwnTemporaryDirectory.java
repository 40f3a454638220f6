package io.runcible;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Gives each test a place of its own for temporary files, and fails it when something stays there.
 * In the common one, other JVMs come and go.
 */
public final class OwnTemporaryDirectory implements BeforeEachCallback, AfterEachCallback {
  private static final String PROPERTY = "java.io.tmpdir";

  private String common = "";
  private Path own = Path.of("");

  @Override
  public void beforeEach(ExtensionContext context) throws IOException {
    common = System.getProperty(PROPERTY);
    own = Files.createTempDirectory("runcible-test-");
    System.setProperty(PROPERTY, own.toString());
  }

  @Override
  public void afterEach(ExtensionContext context) throws IOException {
    System.setProperty(PROPERTY, common);
    // Fails, and names the directory, when it is not empty.
    Files.delete(own);
  }

  /** The names of what is there now. */
  public List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(own)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
