package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What runs, as whom, with which words, and how it ends. */
class RunIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  static void assertFails(Runnable action, ErrorKind kind, String... words) {
    assertThatThrownBy(action::run)
        .asInstanceOf(type(RuncibleException.class))
        .satisfies(
            e -> {
              assertThat(e.kind()).as(e.toString()).isEqualTo(kind);
              List.of(words).forEach(word -> assertThat(e).hasMessageContaining(word));
            });
  }

  @Nested
  class Ending {
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 125, 126, 127, 128, 129, 137, 143, 192, 193, 254, 255})
    void exitCodeIsExact(int code) {
      // It stays until it was seen alive: then the kernel tells a code from a signal.
      String script = "until [ -e /end ]; do sleep 0.01; done; exit " + code;
      try (Container container = ENGINE.get().run(ENGINE.sh(script).build())) {
        Churn.touchEnd(container);
        ExitStatus status = TestEngine.ended(container).status();
        assertThat(status)
            .isEqualTo(TestHost.tellsExits() ? ExitStatus.ofExit(code) : ExitStatus.ofCode(code));
        assertThat(status.isSuccess()).isEqualTo(code == 0);
      }
    }

    @Test
    void signalReachesAHandler() {
      String script = "trap 'echo got it; exit 7' HUP; echo ready; while :; do sleep 0.01; done";
      try (Container container = ENGINE.get().run(ENGINE.sh(script).build())) {
        container.awaitReady(Ready.onLog("ready"));
        assertThat(container.kill("HUP")).isTrue();
        assertThat(TestEngine.ended(container))
            .isEqualTo(new TestEngine.Ended(ExitStatus.ofExit(7), "ready\ngot it\n", ""));
      }
    }

    /**
     * Not the first process: that one has no default action for signals. Not SIGQUIT: the shell of
     * busybox ignores it.
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 6, 9, 11, 14, 15, 34, 64})
    void execThatASignalEndsTellsIt(int signal) {
      try (Container container = ENGINE.get().run(ENGINE.sh("sleep 60").build());
          ContainerProcess process =
              container.exec("sh", "-c", "sleep 0.05; kill -$0 $$; sleep 60", "" + signal)) {
        assertThat(process.waitFor()).isEqualTo(ExitStatus.ofSignal(signal));
      }
    }

    @Test
    void unknownSignalIsRefused() {
      try (Container container = ENGINE.get().run(ENGINE.sh("sleep 60").build())) {
        assertFails(() -> container.kill("SIGNONE"), ErrorKind.INVALID_INPUT, "SIGNONE");
        assertFails(() -> container.kill("65"), ErrorKind.INVALID_INPUT, "65");
        assertThat(container.isRunning()).isTrue();
      }
    }

    @Test
    void killedContainerTellsTheSignal() {
      try (Container container = ENGINE.get().run(ENGINE.sh("sleep 60").build())) {
        assertThat(container.isRunning()).isTrue();
        assertThat(container.kill("SIGKILL")).isTrue();
        assertThat(container.waitFor()).isEqualTo(new ExitStatus(137, OptionalInt.of(9), false));
        assertThat(container.kill("SIGKILL")).isFalse();
        assertThat(container.isRunning()).isFalse();
        assertThat(container.pid()).isEmpty();
      }
    }
  }

  @Nested
  class Failing {
    @Test
    void missingProgramIsNotFound() {
      assertFails(
          () -> ENGINE.run(ENGINE.spec("busybox").command("no-such-program")),
          ErrorKind.NOT_FOUND,
          "no-such-program");
    }

    @Test
    void missingAbsoluteProgramIsNotFound() {
      assertFails(
          () -> ENGINE.run(ENGINE.spec("busybox").command("/no/such/program")),
          ErrorKind.NOT_FOUND,
          "/no/such/program");
    }

    @Test
    void fileThatIsNotExecutableIsRefused() {
      assertFails(
          () -> ENGINE.run(ENGINE.spec("busybox").command("/etc/passwd")),
          ErrorKind.PERMISSION_DENIED,
          "/etc/passwd");
    }

    @Test
    void directoryIsNoProgram() {
      assertFails(
          () -> ENGINE.run(ENGINE.spec("busybox").command("/etc")), ErrorKind.PERMISSION_DENIED);
    }

    @Test
    void emptyCommandIsRefused() {
      assertFails(
          () -> ENGINE.run(ENGINE.spec("busybox").entrypoint()),
          ErrorKind.INVALID_INPUT,
          "names no command");
    }

    @Test
    void imageThatIsNotInTheRegistryIsNotFound() {
      assertFails(() -> ENGINE.run(ENGINE.spec("no-such-tag")), ErrorKind.NOT_FOUND, "no-such-tag");
    }
  }

  @Nested
  class Words {
    @Test
    void imageCommandIsTheDefault() {
      // It is a shell, whose input is empty.
      assertThat(ENGINE.run(ENGINE.spec("busybox")).output()).isEmpty();
    }

    @Test
    void argumentsArriveAsTheyAre() {
      assertThat(
              ENGINE
                  .run(ENGINE.spec("busybox").command("printf", "%s|", "a b", "", "$HOME", "ü\n'"))
                  .output())
          .isEqualTo("a b||$HOME|ü\n'|");
    }

    @Test
    void commandFollowsEntrypoint() {
      assertThat(ENGINE.run(ENGINE.spec("busybox").entrypoint("echo", "a").command("b")).output())
          .isEqualTo("a b");
    }

    @Test
    void entrypointDropsTheImageCommand() {
      assertThat(ENGINE.run(ENGINE.spec("busybox").entrypoint("echo", "alone")).output())
          .isEqualTo("alone");
    }

    @Test
    void environmentIsOfImageAndCaller() {
      List<String> environment =
          ENGINE
              .run(
                  ENGINE
                      .spec("busybox")
                      .name("of-env")
                      .environment("A", "1 = 2")
                      .environment("EMPTY", "")
                      .command("env"))
              .output()
              .lines()
              .toList();
      assertThat(environment)
          .contains("A=1 = 2", "EMPTY=", "HOME=/root", "HOSTNAME=of-env")
          .anyMatch(entry -> entry.startsWith("PATH=/usr/local/sbin:"));
      assertThat(environment).hasSize(5);
    }

    @Test
    void callerOverridesTheImage() {
      assertThat(
              ENGINE
                  .run(ENGINE.spec("busybox").environment("PATH", "/bin").command("env"))
                  .output())
          .contains("PATH=/bin");
    }

    @Test
    void workingDirectoryIsMade() {
      assertThat(ENGINE.run(ENGINE.sh("pwd").workingDirectory("/new/directory")).output())
          .isEqualTo("/new/directory");
    }

    @Test
    void hostnameIsTheIdByDefault() {
      assertThat(ENGINE.run(ENGINE.sh("hostname; cat /etc/hostname").name("named.one")).output())
          .isEqualTo("named.one\nnamed.one");
    }

    @Test
    void hostnameCanBeChosen() {
      assertThat(
              ENGINE
                  .run(ENGINE.sh("hostname; cat /etc/hostname; echo $HOSTNAME").hostname("chosen"))
                  .output())
          .isEqualTo("chosen\nchosen\nchosen");
    }

    @Test
    void hostsNameLoopbackAndItself() {
      assertThat(ENGINE.run(ENGINE.sh("cat /etc/hosts").hostname("chosen")).output())
          .contains("127.0.0.1\tlocalhost", "::1\tlocalhost", "chosen");
    }
  }

  @Nested
  class Users {
    private String id(String user) {
      return ENGINE.run(ENGINE.sh("id -u; id -g; id -G; echo $HOME").user(user)).output();
    }

    @Test
    void rootIsTheDefault() {
      assertThat(ENGINE.run(ENGINE.sh("id -u; id -g")).output()).isEqualTo("0\n0");
    }

    @Test
    void nameBringsGroupsAndHome() {
      assertThat(id("app")).isEqualTo("1000\n1000\n1000 2000\n/home/app");
    }

    @Test
    void numberOfAKnownUserIsAsItsName() {
      assertThat(id("1000")).isEqualTo("1000\n1000\n1000 2000\n/home/app");
    }

    @Test
    void unknownNumberIsFine() {
      assertThat(id("4711")).isEqualTo("4711\n0\n0\n/");
    }

    @Test
    void groupStandsAlone() {
      assertThat(id("app:2000")).isEqualTo("1000\n2000\n2000\n/home/app");
      assertThat(id("4711:4712")).isEqualTo("4711\n4712\n4712\n/");
      assertThat(id("app:extra")).isEqualTo("1000\n2000\n2000\n/home/app");
    }

    @Test
    void unknownNameIsNotFound() {
      assertFails(
          () -> ENGINE.run(ENGINE.sh("true").user("nobody-here")),
          ErrorKind.NOT_FOUND,
          "nobody-here",
          "/etc/passwd");
      assertFails(
          () -> ENGINE.run(ENGINE.sh("true").user("app:nobody-here")),
          ErrorKind.NOT_FOUND,
          "nobody-here",
          "/etc/group");
    }

    @Test
    void numberOutOfRangeIsRefused() {
      assertFails(() -> ENGINE.run(ENGINE.sh("true").user("4294967296")), ErrorKind.INVALID_INPUT);
    }
  }
}
