package io.runcible.engine;

import io.runcible.HostTools;
import io.runcible.Tool;
import io.runcible.ffi.Errno;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every system call of a pull fails once: locks, unpacking, syncs, names, and what cleans up. */
class PullFaultsIT {
  @TempDir Path files;
  private final TestRoot root = TestRoot.create();
  private final LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
  private PullFaults faults;

  @BeforeAll
  static void host() {
    HostTools.requireRoot();
    HostTools.requireRuntime();
  }

  @BeforeEach
  void open() throws Exception {
    // Syncs are many, and what they write does not matter.
    Files.createDirectory(root.data());
    Tool.require("mount", "mount").run("-t", "tmpfs", "-o", "size=64m", "tmpfs", root.data());
    leaks.begin();
    faults = new PullFaults(root.engine(), files, root.data());
  }

  @AfterEach
  void close() throws Exception {
    faults.close();
    Tool.require("umount", "mount").run(root.data());
    leaks.verify();
    root.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EIO, Errno.ENOSPC, Errno.EMFILE})
  void pullThatFailsAtAnyCallLeavesTheStoreAsItWas(int errno) throws Exception {
    // What differs by the error is little: of five calls one, but all of them in the long form.
    faults.run(errno, errno == Errno.EIO ? 1 : Math.max(1, Rounds.of(5, 0)), call -> {});
  }
}
