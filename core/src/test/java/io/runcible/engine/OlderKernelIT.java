package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * System calls that an older kernel has not: a filter answers to them as such a kernel does. The
 * numbers are the same on all processors.
 */
class OlderKernelIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  /** Arguments: the numbers of the system calls, "--", a command. */
  private static final String FILTER =
      """
      import ctypes, os, struct, sys
      end = sys.argv.index('--')
      numbers = [int(n) for n in sys.argv[1:end]]
      ins = lambda code, yes, no, k: struct.pack('HBBI', code, yes, no, k)
      program = ins(0x20, 0, 0, 0)
      for number in numbers:
          program += ins(0x15, 0, 1, number) + ins(0x06, 0, 0, 0x00050000 | 38)
      program += ins(0x06, 0, 0, 0x7fff0000)
      code = ctypes.create_string_buffer(program, len(program))
      head = ctypes.create_string_buffer(
          struct.pack('HxxxxxxP', len(program) // 8, ctypes.addressof(code)), 16)
      libc = ctypes.CDLL(None, use_errno=True)
      if libc.prctl(22, 2, head, 0, 0) != 0:
          sys.exit('no filter: ' + os.strerror(ctypes.get_errno()))
      os.execvp(sys.argv[end + 1], sys.argv[end + 1:])
      """;

  @BeforeAll
  static void needPython() {
    HostTools.requireContainers();
    HostTools.requireProgram("python3", "python3");
  }

  private static String runWithout(String numbers) {
    List<String> wrapper = new ArrayList<>(List.of("python3", "-c", FILTER));
    wrapper.addAll(List.of(numbers.split(" ")));
    wrapper.add("--");
    try (ChildJvm jvm =
        ChildJvm.start(
            wrapper,
            EngineProgram.class,
            "run-once",
            ENGINE.root().path(),
            ENGINE.reference("busybox"))) {
      return String.join("\n", jvm.rest());
    }
  }

  /**
   * Without the new mount calls, clone3, close_range, faccessat2, mount_setattr, quotactl_fd and
   * what is newer.
   */
  @Test
  void forMostCallsThereIsAnotherWay() {
    assertThat(runWithout("428 429 430 431 432 433 435 436 439 441 442 443 457 458"))
        .isEqualTo("exec 3, stop 7");
  }

  /** No other call resolves a path inside a root while somebody changes it. */
  @Test
  void pathsAreNotResolvedWithoutOpenat2() {
    assertThat(runWithout("437"))
        .isEqualTo("UNSUPPORTED open in root 'upper': ENOSYS (this kernel does not have it)");
    ENGINE.open().close();
  }
}
