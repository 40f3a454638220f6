package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.kenai.jffi.LastError;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The ways to copy a file, and when which is taken. */
@EnabledOnOs(OS.LINUX)
class FileCopyTest {
  private static final String CLONE = "ioctl";
  private static final String STAT = "statx";
  private static final String IN_KERNEL = "copy_file_range";

  @TempDir Path directory;
  private final List<String> calls = new ArrayList<>();
  private Libc original;
  private byte[] content;

  @BeforeEach
  void file() throws IOException {
    original = Native.libc();
    content = new byte[300_000];
    new Random(1).nextBytes(content);
    Files.write(directory.resolve("from"), content);
  }

  @AfterEach
  void restore() {
    Native.intercept(libc -> original);
  }

  /** Copies, with these calls failing with an error number, or succeeding without effect for 0. */
  private void copy(Map<String, Integer> results) {
    Native.intercept(
        libc ->
            (Libc)
                Proxy.newProxyInstance(
                    Libc.class.getClassLoader(),
                    new Class<?>[] {Libc.class},
                    (proxy, method, arguments) -> call(results, method, arguments)));
    try (FileDescriptor place = FileCalls.openDirectory(directory);
        FileDescriptor from = FileCalls.openFileInRoot(place, "from");
        FileDescriptor to = FileCalls.createFile(place, "to", 0600)) {
      calls.clear();
      FileContent.copy(from, to);
    }
    calls.remove("close");
    calls.remove("close");
    calls.remove("close");
  }

  private Object call(Map<String, Integer> results, Method method, Object[] arguments)
      throws Throwable {
    calls.add(method.getName());
    Integer errno = results.get(method.getName());
    if (errno == null) {
      try {
        return method.invoke(original, arguments);
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    }
    LastError.getInstance().set(errno);
    int result = errno == 0 ? 0 : -1;
    if (method.getReturnType() == long.class) {
      return (long) result;
    }
    return result;
  }

  @Test
  void blocksAreSharedWhereTheFileSystemCan() {
    copy(Map.of(CLONE, 0));
    assertThat(calls).containsExactly(CLONE);
  }

  @Test
  void otherwiseTheKernelCopies() {
    copy(Map.of(CLONE, Errno.EOPNOTSUPP));
    assertThat(calls).startsWith(CLONE, STAT, IN_KERNEL).containsOnly(CLONE, STAT, IN_KERNEL);
    assertThat(directory.resolve("to")).hasBinaryContent(content);
  }

  @Test
  void betweenFileSystemsThatCannotItIsReadAndWritten() {
    copy(Map.of(CLONE, Errno.EXDEV, IN_KERNEL, Errno.EXDEV));
    assertThat(calls).startsWith(CLONE, STAT, IN_KERNEL, "read", "write").endsWith("read");
    assertThat(directory.resolve("to")).hasBinaryContent(content);
  }

  /** As of files in /proc, or in a kernel that copies nothing and says that it is done. */
  @Test
  void copyOfNothingIsNotBelieved() {
    copy(Map.of(CLONE, Errno.EINVAL, IN_KERNEL, 0));
    assertThat(directory.resolve("to")).hasBinaryContent(content);
  }

  @Test
  void holesTakeNoRoom() throws IOException {
    Path from = directory.resolve("from");
    for (Map<String, Integer> results :
        List.of(
            Map.of(CLONE, Errno.EOPNOTSUPP), Map.of(CLONE, Errno.EXDEV, IN_KERNEL, Errno.EXDEV))) {
      try (RandomAccessFile file = new RandomAccessFile(from.toFile(), "rw")) {
        file.setLength(0);
        file.seek(64L << 20);
        file.write(content);
        file.setLength(1L << 40);
      }
      copy(results);
      Path to = directory.resolve("to");
      assertThat(to).hasSize(1L << 40);
      try (FileDescriptor place = FileCalls.openDirectory(directory);
          RandomAccessFile file = new RandomAccessFile(to.toFile(), "r")) {
        assertThat(FileCalls.stat(place, "to").orElseThrow().blocks()).isLessThan(4_096);
        byte[] copied = new byte[content.length];
        file.seek(64L << 20);
        file.readFully(copied);
        assertThat(copied).isEqualTo(content);
      }
      Files.delete(to);
    }
  }

  @Test
  void fullDiskIsNotTriedAnotherWay() {
    assertThatThrownBy(() -> copy(Map.of(CLONE, Errno.EXDEV, IN_KERNEL, Errno.ENOSPC)))
        .hasMessageContaining("ENOSPC");
    assertThat(calls).doesNotContain("read", "write");
  }
}
