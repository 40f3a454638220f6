package io.runcible.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Rounds;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Programs for a shell of busybox, and what must become of each. */
enum Hostile {
  POLITE(
      "pwd; cat; cat a/b; ls -l a/c | cut -c 1-10; echo oops >&2; exit 3",
      request -> request.stdin("in\n").file("a/b", "file\n").file("a/c", new byte[1], 0750),
      result -> {
        assertThat(result.stdout()).isEqualTo("/work\nin\nfile\n-rwxr-x---\n");
        assertThat(result.stderr()).isEqualTo("oops\n");
        assertEnded(result, EndReason.EXITED, 3, -1);
        assertThat(result.usage().cpuTime()).isPresent();
        assertThat(result.usage().peakMemory().orElse(0)).isPositive();
      }),
  LARGE_INPUT(
      "wc -c; wc -c < large; md5sum < large > sum; cat large | md5sum | cmp - sum && echo same",
      request ->
          request.stdin(new byte[(2 << 20) + 1]).file("large", "0123456789abcdef".repeat(70_000)),
      result -> assertThat(result.stdout()).isEqualTo("2097153\n1120000\nsame\n")),
  SIGNALLED("kill -TERM $$; sleep 100", result -> assertEnded(result, EndReason.SIGNALLED, -1, 15)),
  EXIT_CODE_LIKE_A_SIGNAL("exit 137", result -> assertEnded(result, EndReason.EXITED, 137, -1)),
  SLEEPER(
      "echo begun; sleep 100",
      request -> request.timeout(Duration.ofSeconds(15)),
      result -> {
        assertEnded(result, EndReason.TIMEOUT, -1, -1);
        assertThat(result.stdout()).isEqualTo("begun\n");
      }),
  DEAF(
      "trap '' TERM INT HUP; while :; do :; done",
      request -> request.timeout(Duration.ofMillis(1500)),
      result -> assertEnded(result, EndReason.TIMEOUT, -1, -1)),
  ENDLESS_OUTPUT(
      "yes",
      result -> {
        assertEnded(result, EndReason.OUTPUT, -1, -1);
        assertThat(result.stdoutBytes()).hasSize(limit());
      }),
  ENDLESS_ERRORS(
      "yes >&2",
      result -> {
        assertEnded(result, EndReason.OUTPUT, -1, -1);
        assertThat(result.stderrBytes()).hasSize(limit());
      }),
  FULL_OUTPUT(
      "head -c 65536 /dev/zero",
      result -> {
        assertEnded(result, EndReason.EXITED, 0, -1);
        assertThat(result.stdoutBytes()).hasSize(limit());
      }),
  MEMORY_HOG(
      "exec tail /dev/zero",
      result -> {
        if (limitsMemory()) {
          assertEnded(result, EndReason.MEMORY, -1, 9);
          assertThat(result.usage().peakMemory().orElse(0)).isGreaterThan(16L << 20);
        } else {
          assertThat(result.isSuccess()).isFalse();
        }
      }),
  FORK_BOMB(
      "b() { b | b & }; b; echo on",
      request -> request.timeout(Duration.ofSeconds(1)),
      result -> assertThat(result.reason()).isIn(EndReason.EXITED, EndReason.TIMEOUT)),
  FILE_FILLER(
      "dd if=/dev/zero of=f bs=64k count=1000 2> /dev/null || echo full; wc -c < f",
      result -> {
        assertEnded(result, EndReason.EXITED, 0, -1);
        assertThat(result.stdout()).isEqualTo("full\n4194304\n");
      }),
  CLOSED_STREAMS(
      "exec <&- >&- 2>&-; sleep 0.1; exit 5",
      result -> assertEnded(result, EndReason.EXITED, 5, -1)),
  CHILDREN_LEFT(
      "sleep 100 & (setsid sh -c 'sleep 5; echo late' &); trap '' TERM; echo done",
      result -> {
        assertEnded(result, EndReason.EXITED, 0, -1);
        assertThat(result.stdout()).isEqualTo("done\n");
      }),
  /** Each is waited for: a busy machine may come to reap them late. */
  ORPHANS(
      "i=0; while [ $i -lt 60 ]; do (true & echo $! > o); read o < o"
          + "; while [ -d /proc/$o ]; do :; done; i=$((i + 1)); done; echo $i",
      result -> assertThat(result.stdout()).isEqualTo("60\n")),
  ATTACK_ON_INIT(
      "kill -9 1; kill -STOP 1; kill -TERM 1; cat /proc/1/mem > m; ls /proc/1/fd"
          + "; cat /proc/1/environ > e; wc -c < m; wc -c < e; ls /proc/self/fd | wc -l",
      result -> {
        assertEnded(result, EndReason.EXITED, 0, -1);
        // ls itself has the directory open.
        assertThat(result.stdout()).isEqualTo("0\n0\n4\n");
      }),
  CONFINED(
      "unshare -r true || echo no namespace; mount -t tmpfs t /tmp || echo no mount"
          + "; touch /x || echo read-only; ls /sys/class/net; grep -c '^Cap.*0000000000000000' /proc/self/status"
          + "; touch /root/x || echo no; ulimit -c",
      result ->
          assertThat(result.stdout())
              .isEqualTo("no namespace\nno mount\nread-only\nlo\n5\nno\n0\n")),
  ARTIFACTS(
      "echo new > given; echo two > out/b; echo one > out/a; ln -s /etc/passwd link; mkfifo fifo"
          + "; truncate -s 1000000 sparse; ln out/a hard; mknod dev c 1 3; mkdir -p ' '; echo x > ' /\n'"
          + "; echo no > out/a.bin; chmod 0 out/a.bin; ln -s out more; truncate -s 900000000 huge"
          + "; printf bad > \"$(printf 'b\\377d')\"",
      request ->
          request
              .file("given", "old")
              .file("kept", "kept")
              .file("out/.keep", "")
              .artifacts("*")
              .artifacts("{out,more, }/*"),
      result -> {
        assertThat(result.artifacts().keySet())
            .containsExactly(" /\n", "given", "hard", "out/a", "out/b", "sparse");
        assertThat(result.artifacts().get("given")).isEqualTo(bytes("new\n"));
        assertThat(result.artifacts().get("hard")).isEqualTo(bytes("one\n"));
        assertThat(result.artifacts().get("sparse")).isEqualTo(new byte[1_000_000]);
        assertThat(result.omittedArtifacts())
            .anyMatch(why -> why.startsWith("link: it is no regular file"))
            .anyMatch(why -> why.startsWith("more: it is no regular file"))
            .anyMatch(why -> why.startsWith("fifo: it is no regular file"))
            .anyMatch(why -> why.startsWith("huge: it has 900000000 bytes"))
            .anyMatch(why -> why.startsWith("out/a.bin: it cannot be read"))
            .anyMatch(why -> why.contains("its name is no text"))
            .hasSize(6);
      }),
  MANY_ARTIFACTS(
      "i=0; while [ $i -lt 40 ]; do echo $i > $i; i=$((i + 1)); done",
      request -> request.artifacts("**"),
      result -> {
        assertThat(result.artifacts()).hasSize(30);
        assertThat(result.omittedArtifacts()).hasSize(10);
      }),
  FRESH(
      "ls -a /work /tmp /dev/shm; echo mark > /work/mark; echo mark > /tmp/mark",
      result ->
          assertThat(result.stdout())
              .isEqualTo("/dev/shm:\n.\n..\n\n/tmp:\n.\n..\n\n/work:\n.\n..\n")),
  FRESH_AGAIN(
      "ls /work /tmp; echo mark > /work/mark",
      result -> assertThat(result.stdout()).isEqualTo("/tmp:\n\n/work:\n"));

  static final SandboxProfile PROFILE =
      SandboxProfile.untrusted().toBuilder()
          .memory("24m")
          // For those that end by themselves, however slow the machine is.
          .timeout(Rounds.patience(60))
          .pids(32)
          .workSize("4m")
          .outputLimit(limit())
          .artifactLimit(2 << 20, 30)
          .build();

  private final String script;

  // Functions that keep nothing.
  @SuppressWarnings("ImmutableEnumChecker")
  private final UnaryOperator<SandboxRequest.Builder> request;

  @SuppressWarnings("ImmutableEnumChecker")
  private final Consumer<SandboxResult> check;

  Hostile(String script, Consumer<SandboxResult> check) {
    this(script, UnaryOperator.identity(), check);
  }

  Hostile(
      String script, UnaryOperator<SandboxRequest.Builder> request, Consumer<SandboxResult> check) {
    this.script = script;
    this.request = request;
    this.check = check;
  }

  static int limit() {
    return 64 << 10;
  }

  /** Whether this host counts memory for the control groups of this user. */
  private static boolean limitsMemory() {
    return !Boolean.getBoolean("sandbox.unlimited");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void assertEnded(SandboxResult result, EndReason reason, int code, int signal) {
    assertThat(result.reason()).isEqualTo(reason);
    assertThat(result.exitCode().orElse(-1)).isEqualTo(code);
    assertThat(result.signal().orElse(-1)).isEqualTo(signal);
  }

  SandboxRequest request() {
    return request
        .apply(
            SandboxRequest.builder("sh", "-c", script).caller(String.valueOf(name().length() % 3)))
        .build();
  }

  void check(SandboxResult result) {
    try {
      check.accept(result);
    } catch (AssertionError e) {
      throw new AssertionError(
          this + " ended with " + result + "\n" + result.stdout() + result.stderr(), e);
    }
  }
}
