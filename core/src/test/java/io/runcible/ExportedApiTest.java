package io.runcible;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Holds the exported API against the checked-in dump. To accept a change: {@code mvn -pl core test
 * -Dtest=ExportedApiTest -Dapi.accept=true}.
 */
class ExportedApiTest {
  private static final Path GOLDEN = Path.of("src/test/api/runcible.api");

  @Test
  void isWhatTheDumpSays() throws IOException {
    String actual = new ExportedApi(Path.of("target/classes")).dump();
    if (Boolean.getBoolean("api.accept")) {
      Files.createDirectories(GOLDEN.getParent());
      Files.writeString(GOLDEN, actual);
    }
    String accepted = Files.readString(GOLDEN);
    // The differences first: all of both is long.
    assertThat(actual.lines())
        .as("the exported API; accept a change with -Dtest=ExportedApiTest -Dapi.accept=true")
        .containsExactlyInAnyOrderElementsOf(accepted.lines().toList());
    assertThat(actual).isEqualTo(accepted);
  }
}
