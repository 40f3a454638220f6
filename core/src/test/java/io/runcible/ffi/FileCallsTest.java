package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class FileCallsTest {
  private static final int LISTINGS = 20_000;
  private static final long MIB = 1 << 20;

  @TempDir Path directory;

  @Test
  void thousandsOfListingsTakeNoMemoryOfTheirOwn() throws IOException {
    Files.createFile(directory.resolve("file"));
    try (FileDescriptor opened = FileCalls.openDirectory(directory)) {
      long before = direct();
      long most = 0;
      for (int i = 0; i < LISTINGS; i++) {
        FileContent.seek(opened, 0);
        assertThat(FileCalls.list(opened)).containsExactly("file");
        if (i % 100 == 0) {
          most = Math.max(most, direct());
        }
      }
      assertThat(most - before).isLessThan(MIB);
    }
  }

  private static long direct() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getTotalCapacity)
        .sum();
  }
}
