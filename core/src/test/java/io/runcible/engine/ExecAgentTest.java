package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Architecture;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.ChildSocket;
import io.runcible.ffi.EachCall;
import io.runcible.ffi.FailingCalls;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Script;
import io.runcible.ffi.ScriptProgram;
import io.runcible.ffi.Spawn;
import io.runcible.ffi.SystemCall;
import io.runcible.ffi.WaitStatus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An agent outside of a container, also one that somebody has taken over. */
@EnabledOnOs(OS.LINUX)
class ExecAgentTest {
  private static final Architecture HERE = Architecture.ofThisHost().orElseThrow();
  private static final int EIO = 5;

  @TempDir private Path directory;
  private final PrivilegedHost host = PrivilegedHost.open();
  private FileDescriptor none;
  private ChildProcess process;
  private ExecAgent agent;
  private final AtomicBoolean stands = new AtomicBoolean();
  private final List<ChildProcess> started = new ArrayList<>();
  private long descriptors;

  @BeforeEach
  void open() throws Exception {
    none = FileCalls.openNull();
    start(new AgentScripts(HERE));
  }

  private void start(AgentScripts scripts) throws Exception {
    Path program = Files.createTempFile(directory, "agent", "");
    Files.write(program, ScriptProgram.elf(HERE));
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    ChildSocket socket = ChildSocket.open();
    Pipe input = Pipe.open();
    process =
        Spawn.of(List.of(program.toString()), Map.of())
            .descriptor(0, input.reader())
            .descriptor(3, socket.childEnd())
            .start();
    started.add(process);
    socket.childEnd().close();
    input.outputStream().write(scripts.begin());
    input.close();
    String namespace = ProcessTable.namespace((int) ProcessHandle.current().pid());
    agent = ExecAgent.await(host, scripts, socket, namespace, stands::get, TestEngine.LIMIT);
    descriptors = openDescriptors();
  }

  @AfterEach
  void close() {
    if (agent != null) {
      agent.close();
    }
    for (ChildProcess one : started) {
      one.killAndWait();
      one.close();
    }
    none.close();
    host.close();
  }

  private static long openDescriptors() throws Exception {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    }
  }

  private Optional<ExecAgent.Child> start(String... words) {
    return agent.start(
        List.of(words[0]), List.of(words), List.of(), "/", List.of(none, none, none));
  }

  private WaitStatus end(ExecAgent.Child child) {
    while (!child.process().hasEnded()) {
      LockSupport.parkNanos(1_000_000);
    }
    WaitStatus status = agent.reap(child).orElseThrow();
    child.process().close();
    return status;
  }

  @Test
  void startsAndReaps() throws Exception {
    for (int i = 0; i < 20; i++) {
      assertThat(end(start("/bin/sh", "-c", "exit " + i).orElseThrow()))
          .isEqualTo(new WaitStatus(i, 0));
      assertThat(start("/none")).isEmpty();
    }
    assertThat(end(start("/bin/sh", "-c", "kill -9 $$").orElseThrow()))
        .isEqualTo(new WaitStatus(0, 9));
    assertThat(agent.isOpen()).isTrue();
    // What tests before this one had open may have been closed since.
    assertThat(openDescriptors()).isLessThanOrEqualTo(descriptors);
  }

  /** As one does whose container was stopped just now: ended, it would leave what has ended. */
  @Test
  void answersLaterWhereItStandsStill() throws Exception {
    ExecAgent.Child child = start("/bin/sh", "-c", "exit 3").orElseThrow();
    stands.set(true);
    process.pidFd().signal(Signals.STOP);
    CompletableFuture<WaitStatus> status = CompletableFuture.supplyAsync(() -> end(child));
    assertThatThrownBy(() -> status.get(6, TimeUnit.SECONDS)).isInstanceOf(TimeoutException.class);
    assertThat(agent.standsStill()).isTrue();
    stands.set(false);
    process.pidFd().signal(18);
    assertThat(status.get(TestEngine.LIMIT.toSeconds(), TimeUnit.SECONDS))
        .isEqualTo(new WaitStatus(3, 0));
    assertThat(agent.isOpen()).isTrue();
  }

  /** Those that are for all processes in the container. */
  @Test
  void oneSignalAloneEndsIt() {
    for (int signal = 1; signal < 65; signal++) {
      if (signal != 9 && signal != 19) {
        host.signal(process.pidFd(), signal);
      }
    }
    assertThat(end(start("/bin/sh", "-c", "kill -TERM $$").orElseThrow()))
        .isEqualTo(new WaitStatus(0, 15));
    host.signal(process.pidFd(), 9);
    assertThat(process.waitFor(TestEngine.LIMIT)).isPresent();
  }

  @Test
  void severalRunAtOnce() {
    ExecAgent.Child first = start("/bin/sleep", "600").orElseThrow();
    ExecAgent.Child second = start("/bin/sh", "-c", "exit 2").orElseThrow();
    assertThat(end(second)).isEqualTo(new WaitStatus(2, 0));
    assertThat(host.signal(first.process(), 15)).isTrue();
    assertThat(end(first)).isEqualTo(new WaitStatus(0, 15));
  }

  @Test
  void tooMuchForOneMessageIsNotStarted() {
    assertThat(start("/bin/true", "x".repeat(70_000))).isEmpty();
    assertThat(agent.isOpen()).isTrue();
  }

  @Test
  void endsWithItsInput() {
    agent.close();
    assertThat(process.waitFor(TestEngine.LIMIT)).isPresent();
  }

  @Test
  void oneThatWasKilledStartsNothing() {
    host.signal(process.pidFd(), 9);
    assertThat(start("/bin/true")).isEmpty();
    assertThat(agent.isOpen()).isFalse();
  }

  /** What a process that is not what it was says when it is to start something. */
  private enum Lie {
    NOTHING(script -> {}),
    CHILD_IS_THE_AGENT(script -> say(script, AgentScripts.CHILD, 16)),
    FORKED_NOTHING(script -> say(script, AgentScripts.FORKED, 16)),
    LESS(script -> say(script, AgentScripts.FORKED, 8)),
    UNKNOWN(script -> say(script, 77, 16)),
    ENDED(script -> say(script, AgentScripts.ENDED, 16)),
    NOT_EXECUTED(script -> say(script, AgentScripts.NOT_EXECUTED, 16)),
    NOT_EXECUTED_AGAIN_AND_AGAIN(
        script -> {
          for (int i = 0; i < 100; i++) {
            say(script, AgentScripts.NOT_EXECUTED, 16);
          }
        }),
    ALL(
        script -> {
          for (int kind = 0; kind < 8; kind++) {
            say(script, kind, 16);
          }
        });

    @SuppressWarnings("ImmutableEnumChecker")
    private final Consumer<Script> said;

    Lie(Consumer<Script> said) {
      this.said = said;
    }

    private static void say(Script script, long kind, int length) {
      script.call(SystemCall.WRITE, 0, AgentScripts.record(script, kind), length);
    }
  }

  @ParameterizedTest
  @EnumSource(Lie.class)
  void liesAreNotBelieved(Lie lie) throws Exception {
    agent.close();
    start(
        new AgentScripts(HERE) {
          @Override
          byte[] start(List<String> paths, List<String> words, List<String> env, String cwd) {
            Script script = new Script(HERE);
            lie.said.accept(script);
            script.call(SystemCall.EXIT_GROUP, 0);
            return script.block();
          }
        });
    assertThat(start("/bin/true")).isEmpty();
    // Nor is anything started by it then.
    assertThat(start("/bin/true")).isEmpty();
    assertThat(agent.isOpen()).isFalse();
    assertThat(openDescriptors()).isLessThanOrEqualTo(descriptors);
  }

  @Test
  void nothingStaysOpenWhateverCallFails() throws Exception {
    for (String program : List.of("/bin/true", "/none")) {
      boolean reached = true;
      for (int call = 1; reached; call++) {
        agent.close();
        start(new AgentScripts(HERE));
        Set<String> before = EachCall.openFiles();
        try (FailingCalls failing = FailingCalls.at(call, EIO)) {
          try {
            start(program).ifPresent(child -> child.process().close());
          } catch (RuncibleException e) {
            // What it says later would be taken for an answer to the next one.
            assertThat(agent.isOpen()).isFalse();
          }
          reached = failing.count() >= call;
          EachCall.assertNoMoreThan(before, program + ", call " + call + ", " + failing.failed());
        }
      }
    }
  }

  @Test
  void closingEndsTheWaitForOneThatStandsStill() throws Exception {
    host.signal(process.pidFd(), 19);
    CompletableFuture<Optional<ExecAgent.Child>> waiting =
        CompletableFuture.supplyAsync(() -> start("/bin/true"));
    LockSupport.parkNanos(200_000_000);
    long begin = System.nanoTime();
    agent.close();
    assertThat(waiting.get()).isEmpty();
    assertThat(System.nanoTime() - begin).isLessThan(Duration.ofSeconds(4).toNanos());
    // Also its own ones.
    assertThat(openDescriptors()).isLessThan(descriptors);
  }

  @Test
  void whoDoesNotSayThatItIsThereIsNone() throws Exception {
    agent.close();
    assertThatThrownBy(
            () ->
                start(
                    new AgentScripts(HERE) {
                      @Override
                      byte[] begin() {
                        Script script = new Script(HERE);
                        script.call(SystemCall.EXIT_GROUP, 0);
                        return script.block();
                      }
                    }))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED));
  }
}
