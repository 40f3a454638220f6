package io.runcible.junit;

import static io.runcible.junit.Kit.SEEN;
import static io.runcible.junit.Kit.assertNoneRuns;
import static io.runcible.junit.Kit.assertPassed;
import static io.runcible.junit.Kit.use;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerFilter;
import io.runcible.engine.VolumeSpec;
import io.runcible.junit.presets.Redis;
import io.runcible.network.NetworkSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.engine.reporting.ReportEntry;
import org.junit.platform.testkit.engine.EngineExecutionResults;

/** What is told, and what is left, when something fails. */
@EnabledIfContainersAvailable
class FailureIT {
  @RegisterExtension static final Kit KIT = new Kit();

  static {
    // Read when the logger is made, by whatever test comes first.
    System.setProperty("org.slf4j.simpleLogger.log.io.runcible.container.chatty", "debug");
  }

  private static String entries(EngineExecutionResults results) {
    return results
        .allEvents()
        .reportingEntryPublished()
        .map(event -> event.getRequiredPayload(ReportEntry.class).getKeyValuePairs().toString())
        .reduce("", String::concat);
  }

  private static String file(String name) throws IOException {
    try (Stream<Path> all = Files.walk(KIT.reports())) {
      List<Path> found = all.filter(path -> path.endsWith(name)).toList();
      assertThat(found).as(name).hasSize(1);
      return Files.readString(found.get(0));
    }
  }

  @Test
  void failedTestTellsHowItsContainersWere() throws IOException {
    EngineExecutionResults results = KIT.run(FailsInTest.class);
    assertThat(Kit.failure(results)).contains("on purpose");
    assertThat(entries(results))
        .contains("container.talker.id=", "container.talker.exit=it runs")
        .contains("container.ended.exit=code 7", "container.talker.ports=[127.0.0.1:")
        .contains("container.hungry.exit=code 137, out of memory");
    assertThat(file("container-talker/log.txt")).isEqualTo("words on stdout\nwords on stderr\n");
    assertThat(file("container-ended/container.txt"))
        .contains("exit: code 7", "command: [sh, -c, exit 7]", "67108864", "image: 127.0.0.1:")
        .contains(
            "environment: [HOME, HOSTNAME, PASSWORD, PATH, VERSION]",
            "user: 12:34 []",
            "networks: [")
        .contains("KILL, SETGID, SETUID", "restarts: 0")
        .containsPattern("networks: .*ended-in-test")
        .doesNotContain("out of memory", "secret");
    assertThat(file("container-hungry/container.txt"))
        .contains("exit: code 137, out of memory", "command: [busybox, tail, /dev/zero]");
    assertNoneRuns();
  }

  static class FailsInTest {
    @RunContainer(
        image = "${shell.image}",
        command = {"sh", "-c", "echo words on stdout; echo words on stderr >&2; sleep 600"},
        ports = "80",
        ready = "log:stderr")
    static Container talker;

    @RunContainer(
        image = "${shell.image}",
        command = {"sh", "-c", "exit 7"},
        environment = "PASSWORD=secret",
        user = "12:34",
        network = "ended-in-test",
        memory = "64m")
    Container ended;

    /** It keeps all up to the first end of line, and there is none. */
    @RunContainer(
        image = "${shell.image}",
        command = {"busybox", "tail", "/dev/zero"},
        memory = "16m")
    Container hungry;

    @Test
    void fails() {
      use(talker);
      SEEN.add(ended.id());
      SEEN.add(hungry.id());
      ended.waitFor();
      hungry.waitFor();
      throw new AssertionError("on purpose");
    }
  }

  /** As code does that was interrupted, and passes that on. */
  @Test
  void testThatLeavesItsThreadInterruptedIsToldOfAndCleanedUp() throws IOException {
    EngineExecutionResults results = KIT.run(EndsInterrupted.class);
    assertThat(Kit.failure(results)).contains("interrupted on purpose");
    assertThat(file("container-left/log.txt")).isEqualTo("words\n");
    assertThat(entries(results)).contains("container.left.exit=it runs");
    assertNoneRuns();
  }

  static class EndsInterrupted {
    @RunContainer(
        image = "${shell.image}",
        command = {"sh", "-c", "echo words; httpd -f -p 80"},
        ports = "80",
        network = "left",
        readyLog = "words")
    Container left;

    @Test
    void fails() {
      use(left);
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted on purpose");
    }
  }

  @Test
  void failureOfAStartIsToldInEachPhase() throws IOException {
    EngineExecutionResults field = KIT.run(FailsInField.class);
    assertThat(Kit.failure(field)).contains("ended with exit code 3 before", "cannot bind");
    assertThat(entries(field)).contains("container.broken.exit=code 3");
    assertThat(file("container-broken/log.txt")).isEqualTo("cannot bind\n");
    assertThat(Kit.failure(KIT.run(FailsInInstance.class))).contains("no-such-program");
    assertThat(Kit.failure(KIT.run(FailsInParameter.class))).contains("no-such-user");
    assertThat(Kit.failure(KIT.run(FailsInBeforeAll.class))).contains("on purpose");
    assertThat(Kit.failure(KIT.run(FailsInAfterEach.class))).contains("on purpose");
    assertThat(Kit.failure(KIT.run(FailsInConstructor.class))).contains("no-such-program");
    EngineExecutionResults afterAll = KIT.run(FailsInAfterAll.class);
    assertThat(Kit.failure(afterAll)).contains("on purpose, after all");
    assertThat(entries(afterAll)).contains("container.ofAfterAll.exit=it runs");
    assertNoneRuns();
  }

  static class FailsInField {
    @RunContainer(image = "${shell.image}", readyLog = "up")
    static Container whole;

    @RunContainer(
        image = "${shell.image}",
        command = {"sh", "-c", "echo cannot bind >&2; exit 3"},
        ready = {"port:80", "log:never"})
    static Container broken;

    @RunContainer(image = "${shell.image}", dependsOn = "broken")
    static Container dependent;

    @Test
    void never() {}
  }

  static class FailsInInstance {
    @RunContainer(image = "${shell.image}", command = "no-such-program")
    Container broken;

    @Test
    void never() {}
  }

  static class FailsInParameter {
    @Test
    void never(@RunContainer(image = "${shell.image}", user = "no-such-user") Container broken) {}
  }

  static class FailsInBeforeAll {
    @RunContainer(image = "${shell.image}")
    static Container ofTheClass;

    @BeforeAll
    static void fail() {
      use(ofTheClass);
      throw new AssertionError("on purpose");
    }

    @Test
    void never() {}
  }

  static class FailsInAfterEach {
    @RunContainer(image = "${shell.image}")
    Container container;

    @AfterEach
    void fail() {
      use(container);
      throw new AssertionError("on purpose");
    }

    @Test
    void succeeds() {}
  }

  static class FailsInConstructor {
    FailsInConstructor(
        @RunContainer(image = "${shell.image}", command = "no-such-program") Container broken) {}

    @Test
    void never() {}
  }

  static class FailsInAfterAll {
    @RunContainer(image = "${shell.image}")
    static Container ofAfterAll;

    @AfterAll
    static void fail() {
      use(ofAfterAll);
      throw new AssertionError("on purpose, after all");
    }

    @Test
    void succeeds() {}
  }

  @Test
  void failureOfAPresetAndOfAComposeFileIsTold() throws IOException {
    EngineExecutionResults preset = KIT.run(FailsInPreset.class);
    assertThat(Kit.failure(preset)).contains("ended with exit code 4 before", "no redis here");
    assertThat(file("container-redis/log.txt")).isEqualTo("no redis here\n");
    EngineExecutionResults compose = KIT.run(FailsInCompose.class);
    assertThat(Kit.failure(compose)).contains("ended with exit code 5 before", "no db here");
    assertThat(file("container-db/log.txt")).isEqualTo("no db here\n");
    assertThat(file("container-db/container.txt")).containsPattern("mounts: .*/kept");
    assertNoneRuns();
    try (ContainerEngine engine = ContainerEngine.create()) {
      assertThat(engine.list(ContainerFilter.all().ancestor(KIT.reference()))).isEmpty();
      assertThat(engine.networks().list())
          .noneMatch(network -> network.name().startsWith("fails-in-compose-"));
      assertThat(engine.volumes().list())
          .noneMatch(volume -> volume.name().startsWith("fails-in-compose-"));
    }
  }

  static class FailsInPreset {
    @RegisterExtension
    static final Redis REDIS =
        Redis.of(System.getProperty("shell.image"))
            .with(spec -> spec.command("sh", "-c", "echo no redis here; exit 4"));

    @Test
    void never() {}
  }

  static class FailsInCompose {
    @RegisterExtension
    static final ComposeExtension SHOP =
        ComposeExtension.ofText(
            """
            services:
              web:
                image: IMAGE
                networks: [fails-in-compose]
                depends_on: {db: {condition: service_healthy}}
              db:
                image: IMAGE
                command: [sh, -c, "echo no db here; exit 5"]
                networks: [fails-in-compose]
                volumes: ["fails-in-compose:/kept"]
                healthcheck: {test: "test -e /never", interval: 50ms}
              cache:
                image: IMAGE
                networks: [fails-in-compose]
            networks: {fails-in-compose: }
            volumes: {fails-in-compose: }
            """
                .replace("IMAGE", System.getProperty("shell.image")));

    @Test
    void never() {}
  }

  @ParameterizedTest
  @ValueSource(classes = {IsKept.class, IsKeptAndNeverReady.class})
  void containerOfAFailedTestIsKeptUntilItEnds(Class<?> test) throws Exception {
    PrintStream before = System.err;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    CompletableFuture<EngineExecutionResults> results =
        CompletableFuture.supplyAsync(() -> KIT.run(Map.of("runcible.keep.seconds", "120"), test));
    String line;
    try {
      line = lineToEnter(bytes, results);
    } finally {
      System.setErr(before);
    }
    // The test is over; whoever looks into the container ends the run by its end.
    String end = "until grep . /tmp/note; do sleep 0.05; done 2>/dev/null; kill 1";
    Process enter =
        new ProcessBuilder(Stream.concat(Stream.of(line.split(" ")), Stream.of("-c", end)).toList())
            .start();
    assertThat(new String(enter.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEqualTo("left by the test\n");
    enter.waitFor();
    assertThat(Kit.failure(results.get()))
        .contains(test == IsKept.class ? "on purpose" : "without a line of output");
    assertNoneRuns();
  }

  /** As a person finds it, in the log. */
  private static String lineToEnter(ByteArrayOutputStream log, CompletableFuture<?> results)
      throws InterruptedException {
    Pattern line = Pattern.compile("'container' goes on running; to enter it: (.*)\n");
    while (true) {
      Matcher found = line.matcher(log.toString(StandardCharsets.UTF_8));
      if (found.find()) {
        return found.group(1);
      }
      assertThat(results).as(log.toString(StandardCharsets.UTF_8)).isNotDone();
      Thread.sleep(10);
    }
  }

  static class IsKept {
    @RunContainer(
        image = "${shell.image}",
        command = {"sh", "-c", "trap 'exit 0' TERM; echo up; sleep 600 & wait"},
        readyLog = "up")
    Container container;

    @Test
    void fails() {
      use(container);
      ShellImage.run(container, "echo left by the test >/tmp/note");
      throw new AssertionError("on purpose");
    }
  }

  static class IsKeptAndNeverReady {
    @RunContainer(
        image = "${shell.image}",
        command = {
          "sh",
          "-c",
          "trap 'exit 0' TERM; echo left by the test >/tmp/note; sleep 600 & wait"
        },
        readyLog = "never",
        readySeconds = 1)
    Container container;

    @Test
    void never() {}
  }

  @Test
  void whatContainersWriteGoesToTheirLoggersFromTheStart() throws Exception {
    Path go = KIT.directory().resolve("go");
    System.setProperty("chatty.directory", KIT.directory().toString());
    PrintStream before = System.err;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      CompletableFuture<EngineExecutionResults> results =
          CompletableFuture.supplyAsync(() -> KIT.run(Chatty.class));
      // The container is not ready before this has been read.
      while (!bytes.toString(StandardCharsets.UTF_8).contains("chatty - a line")) {
        assertThat(results).isNotDone();
        Thread.sleep(10);
      }
      Files.createFile(go);
      assertPassed(results.get(), 1);
    } finally {
      System.setErr(before);
    }
    assertThat(bytes.toString(StandardCharsets.UTF_8))
        .containsOnlyOnce("chatty - a line")
        .contains("- half a line")
        .doesNotContain("container.quiet");
  }

  static class Chatty {
    @RunContainer(
        image = "${shell.image}",
        mounts = "${chatty.directory}:/host:ro",
        command = {
          "sh",
          "-c",
          "echo a line; until test -e /host/go; do sleep 0.05; done; printf 'half a line'; sleep 600"
        },
        readyLog = "half a line")
    static Container chatty;

    @RunContainer(image = "${shell.image}", readyLog = "up")
    static Container quiet;

    @Test
    void passes() {}
  }

  @Test
  void networksAndVolumesOfKilledRunsAreRemoved() {
    String nobody = "999999999:1";
    try (ContainerEngine engine = ContainerEngine.create()) {
      engine
          .networks()
          .create(NetworkSpec.builder("orphan-of-a-test").label(RunOwner.LABEL, nobody).build());
      engine.volumes().create(VolumeSpec.of("orphan-of-a-test").label(RunOwner.LABEL, nobody));
      assertPassed(KIT.run(Passing.class), 1);
      assertThat(engine.networks().find("orphan-of-a-test")).isEmpty();
      assertThat(engine.volumes().find("orphan-of-a-test")).isEmpty();
    }
  }

  static class Passing {
    @RunContainer(image = "${shell.image}")
    static Container container;

    @Test
    void passes() {}
  }
}
