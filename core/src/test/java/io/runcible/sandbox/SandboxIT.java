package io.runcible.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.TestEngine;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Programs in sandboxes, polite and hostile, all at the same time. */
class SandboxIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private Sandbox.Builder sandbox() {
    return Sandbox.builder(ENGINE.reference("busybox"))
        .profile(Hostile.PROFILE)
        .engine(ENGINE.get());
  }

  private static void assertFails(CompletableFuture<?> result, ErrorKind kind, String... words) {
    assertThatThrownBy(result::get)
        .isInstanceOf(ExecutionException.class)
        .cause()
        .asInstanceOf(type(RuncibleException.class))
        .satisfies(
            e -> {
              assertThat(e.kind()).as(e.toString()).isEqualTo(kind);
              List.of(words).forEach(word -> assertThat(e).hasMessageContaining(word));
            });
  }

  @Test
  void everyProgramGetsItsOwnResult() throws Exception {
    try (Sandbox sandbox = sandbox().maxRunning(6).build()) {
      Map<Hostile, CompletableFuture<SandboxResult>> results = new EnumMap<>(Hostile.class);
      for (Hostile program : Hostile.values()) {
        results.put(program, sandbox.submit(program.request()));
      }
      for (Hostile program : Hostile.values()) {
        program.check(results.get(program).get());
      }
    }
  }

  @Test
  void whatCannotStartIsToldByKind() throws Exception {
    byte[] large = new byte[6 << 20];
    try (Sandbox sandbox = sandbox().build()) {
      CompletableFuture<?> missing = sandbox.submit(SandboxRequest.builder("nothing").build());
      CompletableFuture<?> directory = sandbox.submit(SandboxRequest.builder("/tmp").build());
      CompletableFuture<?> text =
          sandbox.submit(
              SandboxRequest.builder("./a")
                  .file("a", "text".getBytes(StandardCharsets.UTF_8), 0755)
                  .build());
      CompletableFuture<?> full =
          sandbox.submit(SandboxRequest.builder("true").file("large", large).build());
      CompletableFuture<?> twice =
          sandbox.submit(
              SandboxRequest.builder("true")
                  .file("a/b", "file")
                  .file("a", "not a directory")
                  .build());
      assertFails(missing, ErrorKind.NOT_FOUND, "'nothing'");
      assertFails(directory, ErrorKind.PERMISSION_DENIED, "'/tmp'");
      assertFails(text, ErrorKind.INVALID_INPUT, "'./a'", "no program");
      assertFails(full, ErrorKind.INVALID_INPUT, "no space left");
      assertFails(twice, ErrorKind.INVALID_INPUT, "there already");
      assertThat(sandbox.run("echo", "fine").stdout()).isEqualTo("fine\n");
    }
  }

  @Test
  void runtimeOfTheProfileIsNotThatOfAnEngine() {
    SandboxProfile other = Hostile.PROFILE.toBuilder().runtime("other").build();
    assertThatThrownBy(() -> sandbox().profile(other).build())
        .asInstanceOf(type(RuncibleException.class))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
  }

  @Test
  void cancelledAndInterruptedProgramsEnd() throws Exception {
    CountDownLatch begun = new CountDownLatch(2);
    SandboxRequest endless =
        SandboxRequest.builder("sh", "-c", "echo begun; sleep 100")
            .timeout(Duration.ofSeconds(60))
            .output((stream, bytes) -> begun.countDown())
            .build();
    try (Sandbox sandbox = sandbox().maxRunning(2).maxQueued(1).build()) {
      CompletableFuture<SandboxResult> cancelled = sandbox.submit(endless);
      AtomicReference<Throwable> failure = new AtomicReference<>();
      Thread blocked =
          new Thread(
              () -> {
                try {
                  sandbox.run(endless);
                } catch (RuntimeException e) {
                  failure.set(e);
                }
              });
      blocked.start();
      begun.await();
      CompletableFuture<SandboxResult> waiting =
          sandbox.submit(SandboxRequest.builder("echo", "next").build());
      assertThatThrownBy(() -> sandbox.submit(endless))
          .asInstanceOf(type(RuncibleException.class))
          .satisfies(e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNAVAILABLE));
      cancelled.cancel(true);
      assertThatThrownBy(cancelled::get).isInstanceOf(CancellationException.class);
      assertThat(waiting.get().stdout()).isEqualTo("next\n");
      blocked.interrupt();
      blocked.join();
      assertThat(failure.get())
          .asInstanceOf(type(RuncibleException.class))
          .satisfies(e -> assertThat(e.kind()).isEqualTo(ErrorKind.CANCELLED));
    }
  }

  @Test
  void closingEndsWhatRunsAndWhatWaits() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    Sandbox sandbox = sandbox().maxRunning(1).warm(0).build();
    CompletableFuture<SandboxResult> running =
        sandbox.submit(
            SandboxRequest.builder("sh", "-c", "echo begun; sleep 100")
                .output((stream, bytes) -> begun.countDown())
                .timeout(Duration.ofSeconds(60))
                .build());
    CompletableFuture<SandboxResult> waiting =
        sandbox.submit(SandboxRequest.builder("true").build());
    begun.await();
    sandbox.close();
    assertFails(running, ErrorKind.CANCELLED);
    assertFails(waiting, ErrorKind.CANCELLED);
    assertThatThrownBy(() -> sandbox.run("true"))
        .asInstanceOf(type(RuncibleException.class))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION));
    sandbox.close();
  }
}
