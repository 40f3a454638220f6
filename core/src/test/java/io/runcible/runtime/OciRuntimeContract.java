package io.runcible.runtime;

import static io.runcible.runtime.Containers.LIMIT;
import static io.runcible.runtime.Containers.process;
import static io.runcible.runtime.Containers.shell;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.PidFd;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Pty;
import io.runcible.ffi.Spawn;
import io.runcible.ffi.WaitStatus;
import io.runcible.runtime.Containers.Ended;
import io.runcible.runtime.Containers.Running;
import io.runcible.runtime.OciRuntime.ExecRequest;
import io.runcible.runtime.OciRuntime.Stdio;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every OCI runtime must do, seen from outside and from inside of containers. */
abstract class OciRuntimeContract {
  @TempDir Path directory;
  Containers containers;

  /** Opens the runtime, or ends the test as the host lacks it. */
  abstract OciRuntime open(Path stateRoot);

  /** Opens one that a host need not have, and that has been found. */
  static OciRuntime openFound(String name, Path stateRoot) {
    HostTools.requireRoot();
    return OciRuntime.open(
        Spawn.findProgram(name).orElseThrow().toString(), stateRoot, PrivilegedHost.open());
  }

  /** Whether the control group of an ended container is still there to be asked. */
  boolean keepsEndedContainers() {
    return true;
  }

  /** Whether a new size of a terminal reaches the process. */
  boolean passesSizesOn() {
    return true;
  }

  private List<String> openBefore = List.of();

  @BeforeEach
  void openContainers() throws IOException {
    openBefore = openDescriptors();
    containers = new Containers(directory, open(directory.resolve("state")));
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    if (containers == null) {
      return;
    }
    try {
      assertThat(containers.runtime.list()).as("states").isEmpty();
      assertThat(containers.leftGroups()).as("control groups").isEmpty();
    } finally {
      containers.close();
    }
    assertThat(openDescriptors()).as("descriptors").hasSameSizeAs(openBefore);
  }

  /** The pipes and processes that this JVM has open. */
  private static List<String> openDescriptors() throws IOException {
    List<String> open = new ArrayList<>();
    try (DirectoryStream<Path> links = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path link : links) {
        String target = target(link);
        if (target.startsWith("pipe:") || target.contains("pidfd")) {
          open.add(target);
        }
      }
    }
    return open;
  }

  private static String target(Path link) throws IOException {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (NoSuchFileException e) {
      return "closed meanwhile";
    }
  }

  /** Runs a program in a container. */
  Ended exec(Running container, ProcessSpec.Builder process, String input) throws IOException {
    Path files = containers.newDirectory();
    Pipe in = Pipe.open();
    try (FileDescriptor out = FileCalls.createForOutput(files.resolve("stdout"));
        FileDescriptor err = FileCalls.createForOutput(files.resolve("stderr"))) {
      ExecRequest request =
          ExecRequest.in(files, container.id, process.build(), new Stdio(in.reader(), out, err));
      try (ChildProcess child = containers.runtime.exec(request)) {
        in.reader().close();
        try (OutputStream stream = in.outputStream()) {
          stream.write(input.getBytes(StandardCharsets.UTF_8));
        }
        WaitStatus status = child.waitFor(LIMIT).orElseThrow();
        return new Ended(
            status,
            Containers.read(files.resolve("stdout")),
            Containers.read(files.resolve("stderr")),
            containers.runtime.failure(request));
      }
    } finally {
      in.close();
    }
  }

  @Nested
  class Run {
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 42, 126, 127, 128, 137, 255})
    void exitCodeIsTheProgramsOwn(int code) throws IOException {
      Ended ended = containers.run(shell("exit " + code));

      assertThat(ended.status()).isEqualTo(new WaitStatus(code, 0));
      assertThat(ended.failure()).isEmpty();
    }

    @Test
    void deathBySignalIs128AndItsNumber() throws IOException {
      // A shell of its own, because the first process of a pid namespace ignores what it can.
      Ended ended = containers.run(shell("sh -c 'kill -9 $$'; exit $?"));

      assertThat(ended.code()).isEqualTo(137);
      assertThat(ended.failure()).isEmpty();
    }

    @Test
    void outputsAreSeparate() throws IOException {
      Ended ended = containers.run(shell("echo out; echo err >&2"));

      assertThat(ended.output()).isEqualTo("out\n");
      assertThat(ended.errors()).isEqualTo("err\n");
    }

    @Test
    void noDescriptorButTheFirstThreeIsInherited() throws IOException {
      // The listing has one of its own, for the directory.
      Ended ended = containers.run(shell("ls /proc/self/fd"));

      assertThat(ended.output().lines()).containsExactly("0", "1", "2", "3");
    }

    @Test
    void missingProgramIsNotFound() throws IOException {
      Ended ended = containers.run(process("no-such-program"));

      assertThat(ended.failure()).get().satisfies(failure -> isKind(failure, ErrorKind.NOT_FOUND));
      assertThat(ended.failure().orElseThrow()).hasMessageContaining("no-such-program");
    }

    @Test
    void missingPathIsNotFound() throws IOException {
      Ended ended = containers.run(process("/no/such/program"));

      assertThat(ended.failure()).get().satisfies(failure -> isKind(failure, ErrorKind.NOT_FOUND));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/etc/data", "/etc"})
    void whatIsNotExecutableIsPermissionDenied(String path) throws IOException {
      Ended ended = containers.run(process(path));

      assertThat(ended.failure())
          .get()
          .satisfies(failure -> isKind(failure, ErrorKind.PERMISSION_DENIED));
    }

    @Test
    void secondContainerOfTheSameIdIsRefused() throws Exception {
      try (Running first = containers.start(process("sleep", "60"))) {
        first.awaitStart();
        Path other = containers.newDirectory();
        Bundle bundle =
            Bundle.write(other, containers.spec("other", process("true").build()).build());
        OciRuntime.RunRequest request = OciRuntime.RunRequest.of(first.id, bundle, Stdio.none());
        try (ChildProcess child = containers.runtime.run(request)) {
          child.waitFor(LIMIT);
        }

        assertThat(containers.runtime.failure(request))
            .get()
            .satisfies(failure -> isKind(failure, ErrorKind.ALREADY_EXISTS));
        assertThat(containers.runtime.state(first.id)).isPresent();
      }
    }

    @Test
    void twentyAtOnceAllEndAsTheyShould() throws Exception {
      ExecutorService threads = Executors.newFixedThreadPool(20);
      try {
        List<Future<Ended>> ends = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
          int code = i * 12;
          // Nor do they have what the runtime is told for many at once.
          String script = "echo " + code + "$GOMAXPROCS; exit " + code;
          ends.add(threads.submit(() -> containers.run(shell(script))));
        }
        for (int i = 0; i < 20; i++) {
          Ended ended = ends.get(i).get();
          assertThat(ended.code()).isEqualTo(i * 12);
          assertThat(ended.output()).isEqualTo(i * 12 + "\n");
          assertThat(ended.failure()).isEmpty();
        }
      } finally {
        threads.shutdownNow();
      }
    }
  }

  private static void awaitOutput(Running container, String name, String expected)
      throws Exception {
    Path file = container.request.bundle().directory().resolve(name);
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (!Containers.read(file).contains(expected) && System.nanoTime() < deadline) {
      Thread.sleep(2);
    }
    assertThat(file).content().contains(expected);
  }

  private static void awaitEnd(PidFd process) throws Exception {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (!process.hasEnded() && System.nanoTime() < deadline) {
      Thread.sleep(2);
    }
    assertThat(process.hasEnded()).isTrue();
  }

  @Nested
  class Create {
    private PidFd created(Running container) {
      assertThat(container.await().status()).isEqualTo(new WaitStatus(0, 0));
      RuntimeState state = containers.runtime.state(container.id).orElseThrow();
      assertThat(state.status()).isEqualTo(RuntimeState.Status.CREATED);
      return PidFd.open(state.pid()).orElseThrow();
    }

    @Test
    void programRunsWhenItIsStartedAndOnce() throws Exception {
      try (Running container = containers.create(shell("echo out; sleep 600"));
          PidFd process = created(container)) {
        assertThat(container.request.bundle().directory().resolve("stdout")).isEmptyFile();

        containers.runtime.start(container.id, process);

        awaitOutput(container, "stdout", "out\n");
        assertThat(containers.runtime.state(container.id).orElseThrow().status())
            .isEqualTo(RuntimeState.Status.RUNNING);
        assertThatThrownBy(() -> containers.runtime.start(container.id, process))
            .isInstanceOfSatisfying(
                RuncibleException.class, e -> isKind(e, ErrorKind.FAILED_PRECONDITION));
        assertThat(containers.runtime.kill(container.id, 9, false)).isTrue();
        awaitEnd(process);
      }
    }

    /** runc runs it earlier. */
    @Test
    void hookAfterTheStartIsRun() throws Exception {
      Path seen = containers.newDirectory().resolve("seen");
      Hook hook = Hook.of(Hook.Stage.POSTSTART, "/bin/sh", "-c", "cat >" + seen);
      try (Running container = containers.create(shell("echo out"), spec -> spec.hook(hook));
          PidFd process = created(container)) {
        containers.runtime.start(container.id, process);

        awaitOutput(container, "stdout", "out\n");
        assertThat(seen).content().contains("\"" + container.id + "\"");
      }
    }

    @Test
    void oneThatWasKilledIsNotStarted() throws Exception {
      try (Running container = containers.create(shell("echo out"));
          PidFd process = created(container)) {
        assertThat(containers.runtime.kill(container.id, 9, false)).isTrue();
        awaitEnd(process);

        assertThatThrownBy(() -> containers.runtime.start(container.id, process))
            .isInstanceOf(RuncibleException.class);
        assertThat(container.request.bundle().directory().resolve("stdout")).isEmptyFile();
      }
    }

    @Test
    void whatIsMissingOrNotExecutableIsTold() throws Exception {
      try (Running missing = containers.create(process("no-such-program"))) {
        Ended ended = missing.await();
        assertThat(ended.status().isSuccess()).isFalse();
        isKind(ended.failure().orElseThrow(), ErrorKind.NOT_FOUND);
      }
      try (Running directory = containers.create(process("/etc"))) {
        Ended ended = directory.await();
        assertThat(ended.status().isSuccess()).isFalse();
        isKind(ended.failure().orElseThrow(), ErrorKind.PERMISSION_DENIED);
      }
    }

    @Test
    void whatOnlyTheKernelRefusesIsInTheErrorOutput() throws Exception {
      try (Running script = containers.create(process("/etc/script"));
          PidFd process = created(script)) {
        containers.runtime.start(script.id, process);
        awaitOutput(script, "stderr", "/etc/script");
        assertThat(containers.runtime.failure(script.request)).isEmpty();
      }
    }
  }

  @Nested
  class Exec {
    @Test
    void exitCodesAndStreamsAreTheProgramsOwn() throws Exception {
      try (Running container = containers.start(process("sleep", "60")).awaitStart()) {
        for (int code : new int[] {0, 1, 42, 126, 127, 255}) {
          Ended ended = exec(container, shell("cat; echo oops >&2; exit " + code), "hello");

          assertThat(ended.status()).isEqualTo(new WaitStatus(code, 0));
          assertThat(ended.output()).isEqualTo("hello");
          assertThat(ended.errors()).isEqualTo("oops\n");
          assertThat(ended.failure()).isEmpty();
        }
      }
    }

    @Test
    void userDirectoryAndEnvironmentAreAsAsked() throws Exception {
      try (Running container = containers.start(process("sleep", "60")).awaitStart()) {
        Ended ended =
            exec(
                container,
                shell("id -u; id -g; id -G; pwd; echo $WORD")
                    .user(33, 34)
                    .additionalGids(List.of(34, 77))
                    .cwd("/etc")
                    .env(List.of("PATH=/bin", "WORD=a b=c")),
                "");

        assertThat(ended.output()).isEqualTo("33\n34\n34 77\n/etc\na b=c\n");
      }
    }

    @Test
    void missingProgramIsNotFound() throws Exception {
      try (Running container = containers.start(process("sleep", "60")).awaitStart()) {
        Ended ended = exec(container, process("no-such-program"), "");

        assertThat(ended.failure())
            .get()
            .satisfies(failure -> isKind(failure, ErrorKind.NOT_FOUND));
      }
    }

    @Test
    void confinementIsThatOfTheContainer() throws Exception {
      try (Running container = containers.start(process("sleep", "60")).awaitStart()) {
        Ended ended = exec(container, shell("cat /proc/self/status; unshare -U true; echo $?"), "");

        assertThat(ended.output())
            .contains("CapEff:\t00000000800405fb\n")
            .contains("CapBnd:\t00000000800405fb\n")
            .contains("NoNewPrivs:\t1\n")
            .contains("Seccomp:\t2\n")
            .endsWith("\n1\n");
        assertThat(ended.errors()).contains("Operation not permitted");
      }
    }

    @Test
    void endedContainerIsRefused() throws Exception {
      try (Running container = containers.start(process("true"))) {
        container.await();
        Ended ended = exec(container, process("true"), "");

        RuncibleException failure = ended.failure().orElseThrow();
        assertThat(failure.kind())
            .as(failure.getMessage())
            .isIn(ErrorKind.FAILED_PRECONDITION, ErrorKind.NOT_FOUND);
      }
    }
  }

  @Nested
  class Lifecycle {
    @Test
    void unknownContainerHasNoState() {
      assertThat(containers.runtime.state("nobody")).isEmpty();
      assertThat(containers.runtime.pid("nobody")).isEmpty();
      assertThat(containers.runtime.kill("nobody", 15, false)).isFalse();
      containers.runtime.delete("nobody", false);
    }

    @Test
    void stateFollowsTheContainer() throws Exception {
      try (Running container = containers.start(process("sleep", "60")).awaitStart()) {
        RuntimeState state = containers.runtime.state(container.id).orElseThrow();

        assertThat(state.status()).isEqualTo(RuntimeState.Status.RUNNING);
        assertThat(state.pid())
            .isEqualTo(Integer.parseInt(Containers.read(container.request.pidFile()).strip()));
        assertThat(containers.runtime.pid(container.id)).hasValue(state.pid());
        assertThat(state.bundle()).contains(container.request.bundle().directory());
        assertThat(containers.runtime.list()).containsExactly(container.id);

        assertThat(containers.runtime.kill(container.id, 9, false)).isTrue();
        assertThat(container.await().code()).isEqualTo(137);
        assertThat(containers.runtime.pid(container.id)).isEmpty();
        if (keepsEndedContainers()) {
          assertThat(containers.runtime.state(container.id))
              .get()
              .extracting(RuntimeState::status)
              .isEqualTo(RuntimeState.Status.STOPPED);
        } else {
          assertThat(containers.runtime.state(container.id)).isEmpty();
        }
        assertThat(containers.runtime.kill(container.id, 9, false)).isFalse();
      }
    }

    @Test
    void signalToAllReachesEveryProcess() throws Exception {
      try (Running container =
          containers.start(shell("sleep 60 & sleep 60 & wait; wait")).awaitStart()) {
        Cgroup group = containers.runtime.cgroup(container.id).orElseThrow();
        while (group.pids().size() < 3) {
          Thread.sleep(2);
        }
        assertThat(containers.runtime.kill(container.id, 9, true)).isTrue();
        assertThat(container.await().code()).isEqualTo(137);
        assertThat(group.pids()).isEmpty();
      }
    }

    @Test
    void runningContainerIsNotDeletedWithoutForce() throws Exception {
      try (Running container = containers.start(process("sleep", "60")).awaitStart()) {
        assertThatThrownBy(() -> containers.runtime.delete(container.id, false))
            .isInstanceOfSatisfying(
                RuncibleException.class, failure -> isKind(failure, ErrorKind.FAILED_PRECONDITION));

        containers.runtime.delete(container.id, true);

        assertThat(container.child.waitFor(LIMIT)).isPresent();
        assertThat(containers.runtime.state(container.id)).isEmpty();
      }
    }

    @Test
    void stateThatCannotBeReadIsRemovedByForce() throws Exception {
      Path state = Files.createDirectories(directory.resolve("state/cut-off"));
      for (String file : List.of("state.json", "status")) {
        Files.createFile(state.resolve(file));
      }
      assertThatThrownBy(() -> containers.runtime.delete("cut-off", false))
          .isInstanceOfSatisfying(
              RuncibleException.class, failure -> isKind(failure, ErrorKind.CORRUPT_DATA));

      containers.runtime.delete("cut-off", true);

      assertThat(state).doesNotExist();
    }

    @Test
    void pausedContainerStandsStillUntilResumed() throws Exception {
      try (Running container = containers.start(process("sleep", "60")).awaitStart()) {
        containers.runtime.pause(container.id);
        assertThat(status(container)).isEqualTo(RuntimeState.Status.PAUSED);

        containers.runtime.resume(container.id);
        assertThat(status(container)).isEqualTo(RuntimeState.Status.RUNNING);
      }
    }

    @Test
    void pausedContainerCanBeDeleted() throws Exception {
      try (Running container = containers.start(process("sleep", "60")).awaitStart()) {
        containers.runtime.pause(container.id);
        containers.runtime.delete(container.id, true);

        assertThat(container.child.waitFor(LIMIT)).isPresent();
      }
    }

    @Test
    void busyContainerCanBePausedAndResumedManyTimes() throws Exception {
      try (Running container =
          containers.start(shell("while true; do busybox true; done")).awaitStart()) {
        for (int i = 0; i < 20; i++) {
          containers.runtime.pause(container.id);
          assertThat(status(container)).isEqualTo(RuntimeState.Status.PAUSED);
          containers.runtime.resume(container.id);
          assertThat(status(container)).isEqualTo(RuntimeState.Status.RUNNING);
        }
      }
    }

    @Test
    void limitsOfARunningContainerCanBeChanged() throws Exception {
      try (Running container =
          containers.start(
              process("sleep", "60"),
              spec -> spec.resources(Resources.builder().memory(64 << 20).pids(20).build()))) {
        container.awaitStart();
        containers.runtime.update(
            container.id, Resources.builder().memory(128 << 20).memoryAndSwap(128 << 20).build());

        Cgroup group = containers.runtime.cgroup(container.id).orElseThrow();
        assertThat(value(group, "memory.limit_in_bytes", "memory.max"))
            .isEqualTo(Long.toString(128 << 20));
        assertThat(value(group, "pids.max")).isEqualTo("20");
      }
    }

    @Test
    void memoryIsRaisedAndLoweredTogetherWithSwap() throws Exception {
      try (Running container =
          containers.start(
              process("sleep", "60"),
              spec ->
                  spec.resources(
                      Resources.builder().memory(64 << 20).memoryAndSwap(64 << 20).build()))) {
        container.awaitStart();
        Cgroup group = containers.runtime.cgroup(container.id).orElseThrow();
        for (long bytes : new long[] {128 << 20, 32 << 20, 256 << 20}) {
          containers.runtime.update(
              container.id, Resources.builder().memory(bytes).memoryAndSwap(bytes).build());

          assertThat(group.usage().memoryLimit()).hasValue(bytes);
        }
      }
    }

    @Test
    void usageOfARunningContainerIsCounted() throws Exception {
      try (Running container = containers.start(shell("echo begun; exec sleep 60"))) {
        // Before that, the threads of the runtime count.
        awaitOutput(container, "stdout", "begun\n");
        // crun writes down which group it is after the program began.
        container.awaitStart();
        ResourceUsage usage = containers.runtime.cgroup(container.id).orElseThrow().usage();

        assertThat(usage.memory().orElseThrow()).isPositive();
        assertThat(usage.cpuTime().orElseThrow()).isPositive();
        assertThat(usage.processes()).hasValue(1);
        assertThat(usage.oomKills()).hasValue(0);
      }
    }

    private RuntimeState.Status status(Running container) {
      return containers.runtime.state(container.id).orElseThrow().status();
    }

    private String value(Cgroup group, String... names) {
      for (Path directory : group.directories()) {
        for (String name : names) {
          if (Files.exists(directory.resolve(name))) {
            return Containers.read(directory.resolve(name)).strip();
          }
        }
      }
      throw new AssertionError("no " + List.of(names) + " in " + group);
    }
  }

  @Nested
  class Within {
    private Running start(Path network, ProcessSpec.Builder process) throws IOException {
      return containers.startBy(
          containers.runtime.within(network),
          process,
          spec -> spec.shareWithHost(RuntimeSpec.NamespaceType.NETWORK));
    }

    @Test
    void containerWithoutANetworkOfItsOwnIsInTheGivenOne() throws Exception {
      Path network = directory.resolve("network");
      containers.host.createNetworkNamespace(network).close();
      try (Running container = start(network, process("sleep", "60")).awaitStart()) {
        RuntimeState state = containers.runtime.state(container.id).orElseThrow();

        assertThat(Files.getAttribute(Path.of("/proc/" + state.pid() + "/ns/net"), "unix:ino"))
            .isEqualTo(Files.getAttribute(containers.host.visible(network), "unix:ino"));
        containers.runtime.delete(container.id, true);
        assertThat(container.child.waitFor(LIMIT)).isPresent();
      } finally {
        containers.host.unmount(network);
      }
    }

    /** It would have the host's, otherwise. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nothingRunsInANetworkThatIsGone(boolean fileIsLeft) throws Exception {
      Path network = directory.resolve("network");
      containers.host.createNetworkNamespace(network).close();
      containers.host.unmount(network);
      if (!fileIsLeft) {
        Files.delete(network);
      }
      try (Running container = start(network, process("echo", "ran"))) {
        Ended ended = container.await();

        assertThat(ended.status().isSuccess()).isFalse();
        assertThat(ended.output()).isEmpty();
        assertThat(containers.runtime.state(container.id)).isEmpty();
      }
    }
  }

  @Nested
  class Limits {
    @Test
    void runningOutOfMemoryIsCounted() throws Exception {
      // tail keeps everything up to the first end of line, which /dev/zero does not have.
      try (Running container =
          containers.start(
              process("tail", "/dev/zero"),
              spec ->
                  spec.resources(
                      Resources.builder().memory(32 << 20).memoryAndSwap(32 << 20).build()))) {
        assertThat(container.await().code()).isEqualTo(137);
        if (keepsEndedContainers()) {
          assertThat(containers.runtime.cgroup(container.id).orElseThrow().oomKills()).hasValue(1);
        }
      }
    }

    @Test
    void killedByHandIsNotOutOfMemory() throws Exception {
      try (Running container = containers.start(process("sleep", "60")).awaitStart()) {
        containers.runtime.kill(container.id, 9, false);
        container.await();
        if (keepsEndedContainers()) {
          assertThat(containers.runtime.cgroup(container.id).orElseThrow().oomKills()).hasValue(0);
        }
      }
    }

    @Test
    void processesAreCounted() throws IOException {
      Ended ended =
          containers.run(
              shell("i=0; while [ $i -lt 40 ]; do i=$((i + 1)); sleep 5 & done; wait"),
              // As many as the threads of a runtime that is about to become the program.
              spec -> spec.resources(Resources.builder().pids(30).build()));

      assertThat(ended.errors()).contains("can't fork");
    }
  }

  @Nested
  class Terminal {
    @Test
    void firstProcessHasATerminalOfItsOwn() throws IOException {
      ProcessSpec process =
          shell("tty; stty size; echo oops >&2; read -r end; exit 7")
              .terminal(true)
              .consoleSize(30, 100)
              .build();
      Path place = containers.newDirectory();
      Bundle bundle = Bundle.write(place, containers.spec("terminal", process).build());
      try (Pty pty = Pty.open();
          InputStream out = pty.inputStream()) {
        pty.resize(30, 100);
        OciRuntime.RunRequest request =
            OciRuntime.RunRequest.of("terminal", bundle, Stdio.terminal(pty.slave()));
        try (ChildProcess child = containers.runtime.run(request)) {
          assertThat(shown(out, "oops\n")).matches("/dev/pts/[0-9]+\n30 100\noops\n");
          enter(pty);
          assertThat(child.waitFor(LIMIT)).contains(new WaitStatus(7, 0));
          assertThat(out.readAllBytes()).asString().isBlank();
          assertThat(containers.runtime.failure(request)).isEmpty();
        }
      } finally {
        containers.runtime.delete("terminal", true);
      }
    }

    /**
     * All up to the last line, without carriage returns: runc copies between two terminals, and has
     * the inner one stop to add its own beside a program that may be faster.
     */
    private static String shown(InputStream out, String last) throws IOException {
      StringBuilder shown = new StringBuilder();
      while (shown.indexOf(last) < 0) {
        int next = out.read();
        assertThat(next).as("after: %s", shown).isNotNegative();
        if (next != '\r') {
          shown.append((char) next);
        }
      }
      return shown.toString();
    }

    /** What has been read then is out: crun 1.8 drops what a program wrote just before its end. */
    private static void enter(Pty pty) throws IOException {
      try (OutputStream in = pty.outputStream()) {
        in.write('\n');
      }
    }

    private String untilResized() {
      String resized = passesSizesOn() ? "stty size | grep -q '55 177'" : "read -r end";
      return "echo up; until " + resized + "; do sleep 0.01; done; exit 5";
    }

    @Test
    void terminalOfTheFirstProcessIsResized() throws IOException {
      ProcessSpec process = shell(untilResized()).terminal(true).build();
      Path place = containers.newDirectory();
      Bundle bundle = Bundle.write(place, containers.spec("resized", process).build());
      try (Pty pty = Pty.open();
          InputStream out = pty.inputStream()) {
        OciRuntime.RunRequest request =
            OciRuntime.RunRequest.of("resized", bundle, Stdio.terminal(pty.slave()));
        try (ChildProcess child = containers.runtime.run(request)) {
          assertThat(shown(out, "\n")).isEqualTo("up\n");
          pty.resize(55, 177);
          enter(pty);
          assertThat(child.waitFor(LIMIT)).contains(new WaitStatus(5, 0));
        }
      } finally {
        containers.runtime.delete("resized", true);
      }
    }

    @Test
    void furtherProcessHasATerminalThatIsResized() throws Exception {
      try (Running container = containers.start(process("sleep", "60")).awaitStart();
          Pty pty = Pty.open();
          InputStream out = pty.inputStream()) {
        ProcessSpec process = shell(untilResized()).terminal(true).build();
        ExecRequest request =
            ExecRequest.in(
                containers.newDirectory(), container.id, process, Stdio.terminal(pty.slave()));
        try (ChildProcess child = containers.runtime.exec(request)) {
          assertThat(shown(out, "\n")).isEqualTo("up\n");
          pty.resize(55, 177);
          enter(pty);
          assertThat(child.waitFor(LIMIT)).contains(new WaitStatus(5, 0));
        }
      }
    }
  }

  @Nested
  class Confinement {
    @Test
    void processHasTheDefaultCapabilitiesAndNoMore() throws IOException {
      Ended ended = containers.run(shell("cat /proc/self/status"));

      assertThat(ended.output())
          .contains("CapInh:\t0000000000000000\n")
          .contains("CapPrm:\t00000000800405fb\n")
          .contains("CapEff:\t00000000800405fb\n")
          .contains("CapBnd:\t00000000800405fb\n")
          .contains("CapAmb:\t0000000000000000\n")
          .contains("NoNewPrivs:\t1\n")
          .contains("Seccomp:\t2\n");
    }

    @Test
    void namespacesAndMountsAreForbidden() throws IOException {
      Ended ended =
          containers.run(
              shell(
                  "unshare -U true; unshare -r true; mount -t tmpfs x /tmp;"
                      + " mount -o remount,rw /; echo end"));

      assertThat(ended.output()).isEqualTo("end\n");
      assertThat(ended.errors().lines())
          .hasSize(4)
          .allMatch(line -> line.contains("permitted") || line.contains("permission denied"));
    }

    @Test
    void grantedCapabilityWorksInsideItsNamespaces() throws IOException {
      Ended ended =
          containers.run(
              shell("mount -t tmpfs x /tmp && touch /tmp/x && ls /tmp")
                  .capabilities(List.of(Capability.SYS_ADMIN)));

      assertThat(ended.output()).isEqualTo("x\n");
    }

    @Test
    void customProfileDecides() throws IOException {
      byte[] profile =
          """
          {"defaultAction": "SCMP_ACT_ALLOW",
           "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}
          """
              .getBytes(StandardCharsets.UTF_8);
      Ended ended =
          containers.run(
              shell("busybox mkdir /dev/shm/x"), spec -> spec.seccomp(SeccompProfile.of(profile)));

      assertThat(ended.errors()).contains("No space left on device");
    }

    @Test
    void compatibleProfileConfinesToo() throws IOException {
      Ended ended =
          containers.run(
              shell("grep Seccomp: /proc/self/status"),
              spec -> spec.seccomp(SeccompProfile.standardWithCompat()));

      assertThat(ended.output()).isEqualTo("Seccomp:\t2\n");
    }

    @Test
    void otherUserHasNoCapability() throws IOException {
      Ended ended = containers.run(shell("cat /proc/self/status").user(1000, 1000));

      assertThat(ended.output())
          .contains("CapPrm:\t0000000000000000\n")
          .contains("CapEff:\t0000000000000000\n");
    }

    @Test
    void hostsHardwareAndMemoryLookEmpty() throws IOException {
      Ended ended =
          containers.run(
              shell(
                  "cat /proc/kcore /proc/keys /proc/timer_list /proc/interrupts | wc -c;"
                      + " ls /sys/firmware | wc -l; ls -d /sys/devices/virtual/powercap/*"));

      assertThat(ended.output()).isEqualTo("0\n0\n");
    }

    @Test
    void kernelFilesCannotBeWritten() throws IOException {
      Ended ended =
          containers.run(
              shell(
                  "for f in /proc/sys/kernel/hostname /proc/sysrq-trigger /sys/kernel/mm/ksm/run;"
                      + " do echo x 2>/dev/null > $f && echo $f; done;"
                      + " touch /sys/fs/cgroup/x /sys/fs/cgroup/memory/x /file; echo end"));

      assertThat(ended.output()).isEqualTo("end\n");
    }

    @Test
    void devicesOfTheHostAreOutOfReach() throws IOException {
      Ended ended =
          containers.run(
              shell(
                  "mknod /dev/shm/x b 8 0 && echo made; echo x > /dev/null && echo null;"
                      + " head -c 3 /dev/zero | wc -c; ls /dev"));

      assertThat(ended.output().lines())
          .contains("null", "3")
          .doesNotContain("made", "sda", "vda", "kmsg", "mem");
    }

    @Test
    void networkHasLoopbackAlone() throws IOException {
      Ended ended = containers.run(shell("cat /proc/net/dev"));

      assertThat(ended.output().lines().skip(2).map(line -> line.strip().split(":", 2)[0]))
          .containsExactly("lo");
    }

    @Test
    void rootMayPingWithoutRawSockets() throws IOException {
      Ended ended = containers.run(shell("cat /proc/sys/net/ipv4/ping_group_range"));

      assertThat(ended.output()).isEqualTo("0\t0\n");
    }

    @Test
    void hostNameAndProcessesAreItsOwn() throws IOException {
      Ended ended = containers.run(shell("hostname; echo $$"), spec -> spec.hostname("box"));

      assertThat(ended.output()).isEqualTo("box\n1\n");
    }
  }

  static void isKind(RuncibleException failure, ErrorKind kind) {
    assertThat(failure.kind()).as(failure.getMessage()).isEqualTo(kind);
  }
}
