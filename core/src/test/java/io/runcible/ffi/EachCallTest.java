package io.runcible.ffi;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What opens several files leaves none of them open when one of its steps fails. */
@EnabledOnOs(OS.LINUX)
class EachCallTest {
  @Test
  void watcher() throws Exception {
    EachCall.closesWhatItOpened(() -> ProcessWatcher.start(Thread::new));
  }

  @Test
  void pump() throws Exception {
    EachCall.closesWhatItOpened(
        () -> {
          PipePump pump = PipePump.open(Thread::new);
          Pipe pipe = Pipe.open();
          AutoCloseable both =
              () -> {
                pipe.writer().close();
                pump.close();
              };
          try {
            pump.add(pipe.reader(), (bytes, length) -> {});
            return both;
          } catch (RuntimeException e) {
            both.close();
            throw e;
          }
        });
  }

  @Test
  void networkNamespaceOfAProcess() throws Exception {
    try (ChildProcess child = Spawn.of(List.of("sleep", "600"), Spawn.plainEnvironment()).start()) {
      try {
        EachCall.closesWhatItOpened(() -> SocketNamespace.of(child.pidFd()).orElseThrow());
      } finally {
        child.killAndWait();
      }
    }
  }
}
