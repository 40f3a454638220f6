package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class LargePagesTest {
  private static final Path SHARED = Path.of("/sys/kernel/mm/transparent_hugepage/shmem_enabled");

  @Test
  void sealedFileIsPutInLargePages() throws IOException {
    assumeThat(SHARED).exists();
    assumeThat(Files.readString(SHARED)).doesNotContain("[deny]");
    assumeThat(kernel()).isGreaterThanOrEqualTo(6.01);
    assumeThat(Native.ARM64).isFalse(); // Its large pages may be larger.
    byte[] content = new byte[(int) (2 * LargePages.SIZE + 1)];
    new Random(1).nextBytes(content);
    try (FileDescriptor file = SealedPrograms.seal("large", content)) {
      if (!LargePages.collapse(file, content.length)) {
        // The kernel has no large page left, which is no fault of the call.
        assertThat(Native.errno()).isIn(Errno.EAGAIN, Errno.EBUSY, Errno.ENOMEM);
      }
      try (InputStream in = Files.newInputStream(Path.of(file.procPath()))) {
        assertThat(in.readAllBytes()).isEqualTo(content);
      }
    }
  }

  private static double kernel() {
    String[] parts = System.getProperty("os.version").split("[.]", 3);
    return Integer.parseInt(parts[0]) + Integer.parseInt(parts[1]) / 100.0;
  }

  @Test
  void whatCannotBeMappedStaysAsItIs() {
    Pipe pipe = Pipe.open();
    try {
      assertThat(LargePages.collapse(pipe.reader(), LargePages.SIZE)).isFalse();
    } finally {
      pipe.close();
    }
  }
}
