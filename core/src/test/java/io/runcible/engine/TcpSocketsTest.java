package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TcpSocketsTest {
  private static final String HEAD =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n";
  private static final String FOUR =
      HEAD
          + "   0: 0100007F:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
          + "   1: 0100007F:C350 0100007F:18EC 01 00000000:00000000 00:00000000 00000000     0\n";
  private static final String SIX =
      HEAD
          + "   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A"
          + " 00000000:00000000 00:00000000 00000000   101\n";

  @TempDir Path files;

  @Test
  void listenerOfEitherFamilyIsFound() throws IOException {
    write("tcp", FOUR);
    write("tcp6", SIX);

    assertThat(listens(6379)).isTrue();
    assertThat(listens(8080)).isTrue();
  }

  @Test
  void clientAndWhomItTalksToAreNoListeners() throws IOException {
    write("tcp", FOUR);

    assertThat(listens(50000)).isFalse();
    assertThat(listens(6380)).isFalse();
  }

  @Test
  void tableThatIsMissingHasNone() throws IOException {
    write("tcp6", SIX);

    assertThat(listens(8080)).isTrue();
    assertThat(listens(8081)).isFalse();
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(files.resolve(name), text);
  }

  private boolean listens(int port) {
    return new TcpSockets(files).listens(port);
  }
}
