package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.archive.LayerWriter;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.Platform;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Waiting for a container. */
class ReadyIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final Duration SHORT = Duration.ofMillis(300);

  private static void await(String script, Ready ready) {
    try (Container container = ENGINE.get().run(ENGINE.sh(script).build())) {
      container.awaitReady(ready);
    }
  }

  @Test
  void lineOfEitherOutputCounts() {
    await("sleep 0.2; echo 'server is UP now'; sleep 60", Ready.onLog("is U[NP]"));
    await("sleep 0.2; echo 'server is UP now' >&2; sleep 60", Ready.onLog("is UP"));
  }

  @Test
  void lineOfAContainerThatEndedCounts() {
    await("echo done", Ready.onLog("^done$"));
  }

  @Test
  void lineCountsThoughMuchWasWritten() {
    await("yes | head -c 5000000; echo; echo ready; sleep 60", Ready.onLog("^ready$"));
  }

  @Test
  void halfALineIsMatchedWhenItIsComplete() {
    await("printf rea; sleep 0.3; echo dy; sleep 60", Ready.onLog("ready"));
  }

  @Test
  void portCounts() {
    await("sleep 0.2; nc -l -p 8080 & sleep 60", Ready.onPort(8080));
  }

  @Test
  void portOfAnImageWithoutAShellCounts(@TempDir Path directory) throws IOException {
    Path busybox = HostTools.requireFile("/bin/busybox", "busybox-static").toRealPath();
    String name = "localhost/shell-less:1";
    try (ImageSink store = ENGINE.get().images().sink()) {
      LayerWriter nc = new LayerWriter().uncompressed().addFile("bin/nc", 0755, busybox);
      ImageAssembly.builder(Platform.host())
          .layer(nc.writeTo(directory.resolve("layer")))
          .build()
          .writeTo(store, ImageReference.parse(name));
    }
    ContainerSpec spec = ContainerSpec.builder(name).command("/bin/nc", "-l", "-p", "80").build();
    try (Container container = ENGINE.get().run(spec)) {
      container.awaitReady(Ready.onPort(80));
      RunIT.assertFails(() -> container.exec("sh").close(), ErrorKind.NOT_FOUND, "sh");
    }
  }

  @Test
  void successOfACommandCounts() {
    await("sleep 0.3; touch /tmp/ready; sleep 60", Ready.onCommand("test", "-e", "/tmp/ready"));
  }

  private static void awaitPublished(String script, Ready ready) {
    try (Container container = ENGINE.get().run(ENGINE.sh(script).publish(8080).build())) {
      container.awaitReady(ready);
    }
  }

  @Test
  void answerToHttpCounts() {
    awaitPublished(
        "mkdir /tmp/w; httpd -p 8080 -h /tmp/w; sleep 0.2; echo x >/tmp/w/up; sleep 60",
        Ready.onHttp(8080, "/up"));
  }

  @Test
  void statusOfAFailureIsNoAnswer() {
    RunIT.assertFails(
        () -> awaitPublished("httpd -f -p 8080 -h /bin", Ready.onHttp(8080, "/no").within(SHORT)),
        ErrorKind.TIMEOUT,
        "success of http on port 8080 for /no");
  }

  @Test
  void answerOfAnyProtocolCounts() {
    awaitPublished(
        "while true; do nc -l -p 8080 -e sh -c 'read -r word; echo got $word'; done",
        Ready.onAnswer(8080, "PING\n", "^got PING"));
  }

  @Test
  void serverThatNeverAnswersDoesNotHoldUpTheLimit() {
    RunIT.assertFails(
        () ->
            awaitPublished(
                "nc -ll -p 8080 -e sleep 60",
                Ready.any(Ready.onHttp(8080, "/"), Ready.onHttps(8080, "/")).within(SHORT)),
        ErrorKind.TIMEOUT,
        "http on port 8080 for / or success of https");
  }

  @Test
  void portThatIsNotPublishedCannotBeAsked() {
    RunIT.assertFails(
        () -> await("sleep 60", Ready.onHttp(8080, "/")),
        ErrorKind.FAILED_PRECONDITION,
        "publish the port");
    RunIT.assertFails(() -> Ready.onHttp(8080, "up"), ErrorKind.INVALID_INPUT, "'up'");
    RunIT.assertFails(() -> Ready.onHttp(8080, "/ x\r\n"), ErrorKind.INVALID_INPUT, "path");
  }

  @Test
  void allWaitsForEachAndAnyForOne() {
    await(
        "echo one; sleep 0.2; echo two; nc -l -p 8080 & sleep 60",
        Ready.all(Ready.onLog("two"), Ready.onPort(8080), Ready.onLog("one")));
    await(
        "echo one; sleep 60",
        Ready.any(Ready.onPort(81), Ready.onLog("one"), Ready.onCommand("false")));
    RunIT.assertFails(
        () ->
            await(
                "echo one; sleep 60",
                Ready.all(Ready.onLog("one"), Ready.onLog("two")).within(SHORT)),
        ErrorKind.TIMEOUT,
        "'one' and a line of output that matches 'two'");
  }

  @Test
  void timeTellsWhatWasWaitedForAndWhatWasWritten() {
    try (Container container =
        ENGINE.get().run(ENGINE.sh("echo 'not yet'; echo failing >&2; sleep 60").build())) {
      container.awaitReady(Ready.all(Ready.onLog("not yet"), Ready.onLog("failing")));
      RunIT.assertFails(
          () -> container.awaitReady(Ready.onLog("ready").within(SHORT)),
          ErrorKind.TIMEOUT,
          "a line of output that matches 'ready'",
          "PT0.3S",
          "not yet");
      RunIT.assertFails(
          () -> container.awaitReady(Ready.onCommand("false").within(SHORT)),
          ErrorKind.TIMEOUT,
          "success of 'false'",
          "failing");
    }
    RunIT.assertFails(
        () -> await("sleep 60", Ready.onPort(81).within(SHORT)),
        ErrorKind.TIMEOUT,
        "TCP port 81",
        "it wrote nothing");
  }

  @Test
  void commandThatHangsDoesNotHoldUpTheLimit() {
    RunIT.assertFails(
        () -> await("sleep 60", Ready.onCommand("sleep", "60").within(SHORT)),
        ErrorKind.TIMEOUT,
        "success of 'sleep 60'");
  }

  @Test
  void endOfTheContainerEndsTheWait() {
    for (Ready ready :
        new Ready[] {
          Ready.onLog("ready"), Ready.onPort(80), Ready.onCommand("sh", "-c", "exit 1")
        }) {
      RunIT.assertFails(
          () -> await("sleep 0.2; echo 'cannot bind' >&2; exit 3", ready),
          ErrorKind.FAILED_PRECONDITION,
          ready.toString(),
          "ended with exit code",
          "before there was",
          "cannot bind");
    }
  }

  @Test
  void programThatIsMissingIsSaidAtOnce() {
    RunIT.assertFails(
        () -> await("sleep 60", Ready.onCommand("no-such-program")),
        ErrorKind.NOT_FOUND,
        "no-such-program");
  }

  @Test
  void wrongExpressionIsRefused() {
    RunIT.assertFails(() -> Ready.onLog("("), ErrorKind.INVALID_INPUT, "(");
  }

  @Test
  void interruptEndsTheWait() {
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 60").build())) {
      Thread.currentThread().interrupt();
      RunIT.assertFails(() -> container.awaitReady(Ready.onLog("x")), ErrorKind.CANCELLED);
      assertThat(Thread.currentThread().isInterrupted()).isTrue();
      // Also with the flag set, the container is removed whole.
      assertThatCode(container::close).doesNotThrowAnyException();
      assertThat(Thread.interrupted()).isTrue();
    }
  }
}
