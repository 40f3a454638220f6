package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.ffi.NativeAccess;
import io.runcible.network.Network;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Containers that have namespaces in common. */
class SharedNamespacesIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final String SLEEP = "sleep 600";
  private static final String LINKS =
      "for n in ipc net pid uts; do readlink /proc/self/ns/$n; done; hostname; cat /etc/hostname";

  private static Container start(ContainerSpec.Builder spec) {
    return ENGINE.get().run(spec.build());
  }

  private static String said(Container container, String script) {
    return TestEngine.ended(container.exec("sh", "-c", script)).output();
  }

  private static ContainerSpec.Builder owner() {
    return ENGINE.sh(SLEEP).name("owner").hostname("pod").ipc(NamespaceMode.SHAREABLE);
  }

  private static ContainerSpec.Builder joined(String script) {
    NamespaceMode owner = NamespaceMode.container("owner");
    return ENGINE.sh(script).network(Network.container("owner")).ipc(owner).pid(owner).uts(owner);
  }

  @Test
  void whatIsSharedIsTheSame() {
    try (Container owner = start(owner())) {
      String ofOwner = said(owner, LINKS + "; echo text >/dev/shm/x");
      try (Container joined = start(joined(SLEEP))) {
        assertThat(said(joined, LINKS)).isEqualTo(ofOwner);
        assertThat(
                said(joined, "echo $HOSTNAME; cat /dev/shm/x; cat /proc/1/cmdline | tr '\\0' ' '"))
            .isEqualTo("pod\ntext\nsleep 600");
        said(owner, "nc -l -p 99 -e echo hello </dev/null >/dev/null 2>&1 &");
        String client =
            "nc 127.0.0.1 99 </dev/null 2>/dev/null || nc ::1 99 </dev/null 2>/dev/null";
        assertThat(said(joined, "until " + client + "; do sleep 0.05; done")).isEqualTo("hello");
        // Through another one that has joined.
        try (Container third = start(ENGINE.sh(SLEEP).ipc(NamespaceMode.container(joined.id())))) {
          assertThat(said(third, "cat /dev/shm/x; readlink /proc/self/ns/ipc"))
              .isEqualTo("text\n" + ofOwner.lines().findFirst().orElse(""));
          assertThat(said(third, "readlink /proc/self/ns/pid"))
              .isNotEqualTo(ofOwner.lines().skip(2).findFirst().orElse(""));
        }
        assertThat(joined.top()).hasSize(1);
        joined.kill("SIGKILL");
        assertThat(joined.waitFor(TestEngine.LIMIT).orElseThrow().signal()).hasValue(9);
        // A new run joins what there is now.
        owner.restart(Duration.ZERO);
        joined.restart(Duration.ZERO);
        assertThat(said(joined, LINKS)).isEqualTo(said(owner, LINKS));
        assertThat(said(joined, "cat /dev/shm/x")).isEqualTo("text");
      }
      assertThat(owner.isRunning()).isTrue();
    }
  }

  @Test
  void endOfTheFirstProcessEndsTheOthersOfItsContainerAlone() {
    try (Container owner = start(owner());
        Container joined = start(joined("sleep 601 & sleep 602"))) {
      int others = owner.top().size();
      ContainerProcess exec = joined.exec("sleep", "603");
      RestartIT.await(() -> joined.top().size() >= 3);
      assertThat(joined.kill("SIGKILL")).isTrue();
      assertThat(joined.waitFor(TestEngine.LIMIT).orElseThrow().signal()).hasValue(9);
      assertThat(exec.waitFor(TestEngine.LIMIT).orElseThrow().signal()).hasValue(9);
      assertThat(goneWithin("sleep\0" + "601")).isTrue();
      assertThat(owner.isRunning()).isTrue();
      assertThat(owner.top()).hasSize(others);
    }
  }

  @Test
  @SuppressWarnings("try")
  void endOfTheOwnerEndsWhoIsInItsPidNamespace() {
    try (Container owner = start(owner());
        Container joined = start(joined(SLEEP));
        Container network = start(ENGINE.sh(SLEEP).network(Network.container("owner")))) {
      ContainerProcess exec = joined.exec("sleep", "604");
      owner.stop(Duration.ZERO);
      ExitStatus status = joined.waitFor(TestEngine.LIMIT).orElseThrow();
      assertThat(status).isEqualTo(ExitStatus.ofSignal(9));
      assertThat(exec.waitFor(TestEngine.LIMIT).orElseThrow().code()).isEqualTo(137);
      RunIT.assertFails(
          () -> joined.restart(Duration.ZERO), ErrorKind.FAILED_PRECONDITION, "owner");
      owner.close();
      // The rest does not need its process.
      assertThat(said(network, "ls /sys/class/net")).isEqualTo("lo");
    }
  }

  @Test
  void hostsCanBeHad() throws Exception {
    try (Container container =
        start(
            ENGINE
                .sh(SLEEP)
                .ipc(NamespaceMode.HOST)
                .pid(NamespaceMode.HOST)
                .uts(NamespaceMode.HOST))) {
      for (String kind : List.of("ipc", "pid", "uts")) {
        assertThat(said(container, "readlink /proc/self/ns/" + kind))
            .isEqualTo(Files.readSymbolicLink(Path.of("/proc/self/ns", kind)).toString());
      }
      long pid = ProcessHandle.current().pid();
      assertThat(said(container, "cat /proc/" + pid + "/comm")).isEqualTo("java");
      assertThat(said(container, "hostname; cat /etc/hostname; echo $HOSTNAME").lines().distinct())
          .hasSize(1);
    }
  }

  private static UserNamespace ownIds() {
    return NativeAccess.isRoot() ? UserNamespace.auto() : UserNamespace.keepId();
  }

  @Test
  void whatCannotBeSharedIsRefused() {
    NamespaceMode owner = NamespaceMode.container("owner");
    RunIT.assertFails(() -> start(ENGINE.sh("true").pid(owner)), ErrorKind.NOT_FOUND, "owner");
    RunIT.assertFails(
        () -> start(ENGINE.sh("true").network(Network.container("owner"))),
        ErrorKind.NOT_FOUND,
        "owner");
    try (Container plain = ENGINE.get().create(ENGINE.sh(SLEEP).name("owner").build())) {
      RunIT.assertFails(
          () -> start(ENGINE.sh("true").ipc(owner)), ErrorKind.FAILED_PRECONDITION, "SHAREABLE");
      RunIT.assertFails(
          () -> start(ENGINE.sh("true").uts(owner)), ErrorKind.FAILED_PRECONDITION, "not run");
      RunIT.assertFails(
          () -> start(ENGINE.sh("true").uts(owner).hostname("x")), ErrorKind.INVALID_INPUT);
      RunIT.assertFails(
          () -> start(ENGINE.sh("true").uts(owner).userNamespace(ownIds())),
          ErrorKind.INVALID_INPUT,
          "user namespace");
      RunIT.assertFails(
          () -> start(ENGINE.sh("true").pid(owner).stdio(Stdio.DIRECT)), ErrorKind.INVALID_INPUT);
      assertThat(plain.state()).isEqualTo(ContainerState.CREATED);
    }
    try (Container apart = start(ENGINE.sh(SLEEP).name("owner").userNamespace(ownIds()))) {
      RunIT.assertFails(
          () -> start(ENGINE.sh("true").pid(owner)), ErrorKind.INVALID_INPUT, "user namespace");
      assertThat(apart.isRunning()).isTrue();
    }
    for (String text : List.of("", "mine", "container:", "container:../x")) {
      RunIT.assertFails(() -> NamespaceMode.parse(text), ErrorKind.INVALID_INPUT);
    }
    for (String text : List.of("private", "host", "shareable", "container:x")) {
      assertThat(NamespaceMode.parse(text)).hasToString(text);
    }
  }

  /** A kill is not done when it is asked for. */
  private static boolean goneWithin(String command) {
    long begin = System.nanoTime();
    while (System.nanoTime() - begin < TestEngine.LIMIT.toNanos()) {
      try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
        if (processes.noneMatch(process -> commandLine(process).startsWith(command))) {
          return true;
        }
        Thread.sleep(20);
      } catch (java.io.IOException | InterruptedException e) {
        throw new AssertionError(e);
      }
    }
    return false;
  }

  private static String commandLine(Path process) {
    try {
      return Files.readString(process.resolve("cmdline"));
    } catch (java.io.IOException e) {
      return "";
    }
  }
}
