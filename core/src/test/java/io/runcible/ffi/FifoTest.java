package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Named pipes that another process waits for. */
@EnabledOnOs(OS.LINUX)
class FifoTest {
  @TempDir Path directory;

  /** The reader may be before its open, in it, or in its read. */
  @Test
  void releaseEndsAReaderWheneverItComes() throws Exception {
    for (int i = 0; i < 20; i++) {
      Path path = directory.resolve("fifo" + i);
      Fifo.make(path);
      Process reader =
          new ProcessBuilder("sh", "-c", "read -r line <\"$1\"; exit 7", "sh", path.toString())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try {
        TimeUnit.MILLISECONDS.sleep(i % 5);
        Fifo.release(path);
        assertThat(path).doesNotExist();
        assertThat(reader.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(reader.exitValue()).isEqualTo(7);
        Fifo.release(path);
      } finally {
        reader.destroyForcibly();
      }
    }
  }
}
