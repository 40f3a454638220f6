package io.runcible.junit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerFilter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Test runs in JVMs of their own, on other versions of JUnit than that of this build. */
@EnabledIfContainersAvailable
@Timeout(240)
class ChildJvmIT {
  @RegisterExtension static final Kit KIT = new Kit();

  private static ChildJvm start(String platform, String name, Class<?> test) throws IOException {
    Path directory = KIT.directory().resolve(name);
    return ChildJvm.start(
        platform,
        directory,
        test,
        List.of(),
        Map.of(
            "shell.image",
            KIT.reference(),
            "directory",
            directory.toString(),
            "runcible.required",
            "true",
            "junit.jupiter.execution.parallel.enabled",
            String.valueOf(test == EveryVersionJvm.class),
            "junit.jupiter.execution.parallel.mode.default",
            "concurrent"));
  }

  private static Path file(String name, String file) {
    return KIT.directory().resolve(name).resolve(file);
  }

  private static void tell(String name) throws IOException {
    Files.createFile(file(name, "go"));
  }

  @Test
  void runsOfSeveralJvmsShareAContainerUntilTheLastEnds() throws Exception {
    try (ChildJvm oldest = start("1.13.", "a", SharingJvm.class);
        ChildJvm newest = start("6.", "b", SharingJvm.class)) {
      oldest.await(file("a", "ready"));
      newest.await(file("b", "ready"));
      // In each container, one of them found what the other one wrote.
      String seen = Files.readString(file("a", "ready")) + Files.readString(file("b", "ready"));
      assertThat(seen.split("first", -1)).hasSize(3);
      assertThat(seen.split("second", -1)).hasSize(3);
      tell("b");
      assertPassed(newest, "b");
      oldest.kill();
    }
    // What a killed one leaves is not used again.
    try (ChildJvm next = start("1.14.", "c", SharingJvm.class)) {
      next.await(file("c", "ready"));
      assertThat(Files.readString(file("c", "ready"))).isEqualTo("firstfirst");
      tell("c");
      assertPassed(next, "c");
    }
    try (ContainerEngine engine = ContainerEngine.create()) {
      assertThat(engine.list(ContainerFilter.all().ancestor(KIT.reference()))).isEmpty();
    }
  }

  private static void assertPassed(ChildJvm child, String name) throws Exception {
    assertThat(child.await()).contains("3 tests successful", "1 tests failed", "on purpose");
    assertReported(name);
  }

  private static void assertReported(String name) throws IOException {
    assertThat(file(KIT.directory().resolve(name), "container-shared/log.txt")).isEqualTo("up\n");
  }

  /** What is in a file of the report. */
  private static String file(Path reports, String end) throws IOException {
    try (Stream<Path> all = Files.walk(reports)) {
      return Files.readString(all.filter(path -> path.endsWith(end)).findFirst().orElseThrow());
    }
  }

  /** The third line of versions is that of this build, on which all other tests run. */
  @Test
  void everyScopePlaceAndFailureIsTheSameOnTheOldestAndTheNewestVersion() throws Exception {
    try (ChildJvm oldest = start("1.13.", "oldest", EveryVersionJvm.class);
        ChildJvm newest = start("6.1", "newest", EveryVersionJvm.class)) {
      for (ChildJvm child : List.of(oldest, newest)) {
        assertThat(child.await())
            .contains("10 tests successful", "4 tests failed", "1 containers failed")
            .contains("no-such-program", "ended with exit code 3", "cannot bind", "no-such-user")
            .contains("on purpose, in the test", "on purpose, after the test")
            .contains(
                "SEEN {before each=2, class=1, constructor=2, field of one instance=1, inherited=1,"
                    + " instance field=2, method=2, parameter=2, programmatic=1, run=1,"
                    + " scope of the class=1, static field=1}");
      }
    }
    try (ContainerEngine engine = ContainerEngine.create()) {
      assertThat(engine.list(ContainerFilter.all().ancestor(KIT.reference()))).isEmpty();
    }
  }

  @Test
  void ordinaryUserRunsThemAsRootDoes() throws Exception {
    try (OrdinaryUser user = OrdinaryUser.create();
        ChildJvm child =
            ChildJvm.start(
                "6.",
                user,
                user.directory("reports"),
                UserJvm.class,
                Map.of("shell.image", KIT.reference()))) {
      assertThat(child.await())
          .contains("1 tests successful", "1 tests failed", "on purpose, as user runcible");
      Path reports = user.directory("reports");
      assertThat(file(reports, "container-own/log.txt")).isEqualTo("up\n");
      assertThat(file(reports, "container-web/container.txt")).contains("exit: it runs");
      assertThat(user.data().resolve("containers")).isEmptyDirectory();
    }
  }

  /** As that user enters it, by the line of the log. */
  @Test
  void containerOfAFailedTestOfAnOrdinaryUserIsKeptUntilItEnds() throws Exception {
    try (OrdinaryUser user = OrdinaryUser.create();
        ChildJvm child =
            ChildJvm.start(
                "6.",
                user,
                user.directory("reports"),
                KeptJvm.class,
                Map.of("shell.image", KIT.reference(), "runcible.keep.seconds", "120"))) {
      String line =
          child.await(Pattern.compile("'container' goes on running; to enter it: (.*)\n"));
      List<String> command = new ArrayList<>(user.prefix());
      command.addAll(List.of(line.split(" ")));
      command.addAll(List.of("-c", "cat /tmp/note; kill 1"));
      Process enter = new ProcessBuilder(command).redirectErrorStream(true).start();
      assertThat(new String(enter.getInputStream().readAllBytes(), UTF_8))
          .isEqualTo("left by the test\n");
      enter.waitFor();
      assertThat(child.await()).contains("1 tests failed", "on purpose");
      assertThat(user.data().resolve("containers")).isEmptyDirectory();
    }
  }

  @Test
  void runsOfAnOrdinaryUserShareAContainerUntilTheLastEnds() throws Exception {
    try (OrdinaryUser user = OrdinaryUser.create()) {
      Path one = user.directory("one");
      Path other = user.directory("other");
      try (ChildJvm first = share(user, one);
          ChildJvm second = share(user, other)) {
        first.await(one.resolve("ready"));
        second.await(other.resolve("ready"));
        String seen =
            Files.readString(one.resolve("ready")) + Files.readString(other.resolve("ready"));
        assertThat(seen.split("first", -1)).hasSize(3);
        assertThat(seen.split("second", -1)).hasSize(3);
        Files.createFile(one.resolve("go"));
        assertThat(first.await()).contains("3 tests successful", "1 tests failed", "on purpose");
        Files.createFile(other.resolve("go"));
        assertThat(second.await()).contains("3 tests successful", "1 tests failed", "on purpose");
      }
      assertThat(user.data().resolve("containers")).isEmptyDirectory();
    }
  }

  private static ChildJvm share(OrdinaryUser user, Path directory) throws IOException {
    return ChildJvm.start(
        "6.",
        user,
        directory,
        SharingJvm.class,
        Map.of("shell.image", KIT.reference(), "directory", directory.toString()));
  }

  @Test
  void hostThatLacksARuntimeIsSaid() throws Exception {
    assertThat(runWithout(Map.of()))
        .contains("this host cannot run containers", "runc: not installed", "apt-get install runc")
        .contains("1 tests failed", "1 containers skipped", "2 containers failed");
    assertThat(runWithout(Map.of("runcible.unavailable", "skip")))
        .contains("this host cannot run containers", "runc: not installed")
        .contains("2 containers aborted", "1 containers skipped", "0 containers failed")
        .contains("0 tests successful", "0 tests failed");
  }

  /** In a JVM that sees no programs where the runtimes are. */
  private static String runWithout(Map<String, String> properties) throws Exception {
    Map<String, String> all = new HashMap<>(properties);
    all.put("shell.image", KIT.reference());
    String hide =
        "PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; for p in runc crun; do"
            + " for f in $(which -a $p); do mount --bind /dev/null $(realpath $f); done;"
            + " done; exec \"$@\"";
    try (ChildJvm child =
        ChildJvm.start(
            "1.14.",
            KIT.directory().resolve("lacking" + properties.size()),
            LackingJvm.class,
            List.of("unshare", "--mount", "sh", "-ec", hide, "sh"),
            all)) {
      return child.await();
    }
  }
}
