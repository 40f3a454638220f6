package io.runcible;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Holds the exported API against the checked-in dump. To accept a change: {@code mvn -pl core test
 * -Dtest=ExportedApiTest -Dapi.accept=true}.
 */
class ExportedApiTest {
  @Test
  void isWhatTheDumpSays() throws IOException {
    assertThat(
            ExportedApi.differences(
                Path.of("target/classes"), Path.of("src/test/api/runcible.api")))
        .as("the exported API; accept a change with -Dtest=ExportedApiTest -Dapi.accept=true")
        .isEmpty();
  }
}
