package io.runcible.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Differences;
import io.runcible.engine.EngineBuilder;
import io.runcible.engine.Rounds;
import io.runcible.engine.TestEngine;
import io.runcible.engine.UserNamespace;
import io.runcible.ffi.Architecture;
import io.runcible.ffi.Script;
import io.runcible.ffi.ScriptProgram;
import io.runcible.ffi.SystemCall;
import io.runcible.runtime.Cgroups;
import io.runcible.runtime.SeccompProfile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Programs in sandboxes, polite and hostile, all at the same time. */
class SandboxIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  /** So that nothing ends by its timeout. */
  private static final SandboxProfile PATIENT = patient();

  private static final int SIGSYS = 31;
  private static final int SIGSEGV = 11;

  private static final long PATIENCE = Rounds.patience(60).toSeconds();

  private static SandboxProfile patient() {
    SandboxProfile.Builder patient =
        Hostile.PROFILE.toBuilder().timeout(Rounds.patience(90)).outputLimit(1 << 20);
    return Differences.hasControlGroups() ? patient.build() : patient.acceptMissingLimits().build();
  }

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
  void usedOnesAreRemovedBeforeOthersAreMade() throws Exception {
    int others = ENGINE.get().list().size();
    int most = 0;
    try (Sandbox sandbox =
        sandbox().profile(PATIENT).warm(1).maxRunning(1).maxStarting(2).build()) {
      List<CompletableFuture<SandboxResult>> results = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        results.add(sandbox.submit(SandboxRequest.builder("true").build()));
      }
      for (CompletableFuture<SandboxResult> result : results) {
        assertThat(result.get().isSuccess()).isTrue();
        most = Math.max(most, ENGINE.get().list().size() - others);
      }
    }
    // One runs, one waits or is made, and two threads remove one each.
    assertThat(most).isLessThanOrEqualTo(4);
  }

  @Test
  void whatCannotStartIsToldByKind() throws Exception {
    byte[] large = new byte[6 << 20];
    try (Sandbox sandbox = sandbox().profile(PATIENT).build()) {
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

  /** The same profile with something that is left to the runtime, and has no effect there. */
  private static SandboxProfile withFilterOfRuntime() {
    String json = SeccompProfile.untrusted().json(Set.of()).orElseThrow();
    byte[] other = json.replaceFirst("\\{", "{\"flags\":[],").getBytes(StandardCharsets.UTF_8);
    return PATIENT.toBuilder().seccomp(SeccompProfile.of(other)).build();
  }

  @Test
  void filterForbidsWhatThatOfTheRuntimeForbids() throws Exception {
    try (Sandbox ours = sandbox().profile(PATIENT).build();
        Sandbox ofRuntime = sandbox().profile(withFilterOfRuntime()).build()) {
      assertThat(
              SeccompFilter.of(PATIENT.seccomp(), Architecture.ofThisHost().orElseThrow())
                  .isOfRuntime())
          .isFalse();
      assertThat(
              SeccompFilter.of(
                      withFilterOfRuntime().seccomp(), Architecture.ofThisHost().orElseThrow())
                  .isOfRuntime())
          .isTrue();
      for (Sandbox sandbox : List.of(ours, ofRuntime)) {
        assertThat(sandbox.run("grep", "Seccomp", "/proc/self/status").stdout())
            .contains("Seccomp:\t2\n", "Seccomp_filters:\t1\n");
        List<Long> results = SeccompProbe.results(sandbox.run(SeccompProbe.all()));
        assertThat(results.get(0)).isPositive();
        // EPERM for what is forbidden, ENOSYS for what is in no list.
        assertThat(results.subList(1, 6)).containsOnly(-1L);
        assertThat(results.subList(6, 8)).containsOnly(-94L); // There is no such type.
        assertThat(results.subList(8, 12)).containsExactly(-38L, -97L, -97L, -97L);
        assertThat(results.subList(12, 14)).containsExactly(0L, -38L);
        assertThat(results.subList(14, 20)).containsExactly(-1L, -38L, -1L, -1L, -1L, -38L);
        if (Architecture.ofThisHost().orElseThrow() == Architecture.X86_64) {
          assertThat(sandbox.run(SeccompProbe.ofX86()).signal())
              .hasValue(SeccompProbe.hasX86() ? SIGSYS : SIGSEGV);
          assertThat(sandbox.run(SeccompProbe.one(SeccompProbe.X32 | 39)).signal())
              .hasValue(SIGSYS);
        }
      }
    }
  }

  private static boolean hasUserNamespaces() {
    ContainerSpec spec =
        ContainerSpec.builder(ENGINE.reference("busybox"))
            .userNamespace(UserNamespace.auto())
            .build();
    try (Container made = ENGINE.get().create(spec)) {
      return made.pid().isEmpty();
    } catch (RuncibleException e) {
      assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED);
      return false;
    }
  }

  @Test
  void programOfRootsIsInAUserNamespaceWhereTheHostHasThem() {
    HostTools.requireRoot();
    SandboxProfile without = PATIENT.toBuilder().userNamespace(false).build();
    try (Sandbox with = sandbox().profile(PATIENT).build();
        Sandbox other = sandbox().profile(without).warm(0).build()) {
      String mapped = with.run("cat", "/proc/self/uid_map", "/proc/self/gid_map").stdout();
      assertThat(with.missingUserNamespace().isEmpty()).isEqualTo(hasUserNamespaces());
      assertThat(mapped.contains("4294967295")).isEqualTo(with.missingUserNamespace().isPresent());
      if (with.missingUserNamespace().isEmpty()) {
        // The user is no id that the host's root or another container has.
        assertThat(mapped).containsPattern("10000 +[0-9]{6,} +1\n").doesNotContain(" 0 0 ");
        assertThat(with.run("id", "-u").stdout()).isEqualTo("10000\n");
      }
      assertThat(other.missingUserNamespace()).isEmpty();
      assertThat(other.run("cat", "/proc/self/uid_map").stdout()).contains("4294967295");
    }
  }

  @Test
  void runtimeOfTheProfileIsNotThatOfAnEngine() {
    SandboxProfile other = Hostile.PROFILE.toBuilder().runtime("other").build();
    assertThatThrownBy(() -> sandbox().profile(other).build())
        .asInstanceOf(type(RuncibleException.class))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
  }

  /**
   * crun, with a file that shows its use. On a host that has both generations of control groups it
   * runs in a mount namespace where the newer one is not mounted: it refuses to work otherwise.
   */
  private static Path crun() throws IOException {
    HostTools.requireProgram("crun", "crun");
    String run = "exec crun \"$@\"";
    if (Cgroups.detect().mode() == Cgroups.Mode.HYBRID) {
      HostTools.requireRoot();
      // It makes its directories there all the same, which would stay on the host.
      String hide =
          "umount /sys/fs/cgroup/unified && mount -t tmpfs tmpfs /sys/fs/cgroup/unified && ";
      run = "exec unshare --mount sh -c '" + hide + run + "' sh \"$@\"";
    }
    Path script = ENGINE.root().path().resolve("crun");
    Files.writeString(script, "#!/bin/sh\necho \"$@\" >> " + script + ".log\n" + run + "\n");
    return Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
  }

  @Test
  void runtimeOfTheProfileRunsItsPrograms() throws IOException {
    Path crun = crun();
    SandboxProfile profile = PATIENT.toBuilder().runtime(crun.toString()).build();
    EngineBuilder engines = ENGINE.root().engine().runtime("of others");
    try (Sandbox sandbox = sandbox().profile(profile).engine(engines).warm(1).build()) {
      for (Hostile program : List.of(Hostile.POLITE, Hostile.CONFINED, Hostile.MEMORY_HOG)) {
        program.check(sandbox.run(program.request()));
      }
    }
    assertThat(crun.resolveSibling("crun.log")).content().contains(" create --bundle ");
    assertThat(engines).extracting("runtime").isEqualTo("of others");
  }

  @Test
  void cancelledAndInterruptedProgramsEnd() throws Exception {
    CountDownLatch begun = new CountDownLatch(2);
    SandboxRequest endless =
        SandboxRequest.builder("sh", "-c", "echo begun; sleep 100")
            .output((stream, bytes) -> begun.countDown())
            .build();
    try (Sandbox sandbox = sandbox().profile(PATIENT).maxRunning(2).maxQueued(1).build()) {
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
      assertThat(begun.await(PATIENCE, TimeUnit.SECONDS)).isTrue();
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
  void callerWithManyProgramsDoesNotKeepAnotherWaiting() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    List<String> order = Collections.synchronizedList(new ArrayList<>());
    List<CompletableFuture<SandboxResult>> results = new ArrayList<>();
    try (Sandbox sandbox = sandbox().profile(PATIENT).maxRunning(1).warm(1).build()) {
      CompletableFuture<SandboxResult> first =
          sandbox.submit(
              SandboxRequest.builder("sh", "-c", "echo begun; sleep 100")
                  .caller("flood")
                  .output((stream, bytes) -> begun.countDown())
                  .build());
      assertThat(begun.await(PATIENCE, TimeUnit.SECONDS)).isTrue();
      for (String caller : List.of("flood", "flood", "flood", "flood", "late", "late")) {
        results.add(
            sandbox.submit(
                SandboxRequest.builder("echo", caller)
                    .caller(caller)
                    .output((stream, bytes) -> order.add(caller))
                    .build()));
      }
      first.cancel(true);
      for (CompletableFuture<SandboxResult> result : results) {
        assertThat(result.get().isSuccess()).isTrue();
      }
    }
    assertThat(order).containsExactly("flood", "late", "flood", "late", "flood", "flood");
  }

  @Test
  void closingEndsWhatRunsAndWhatWaits() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    Sandbox sandbox = sandbox().profile(PATIENT).maxRunning(1).warm(0).build();
    CompletableFuture<SandboxResult> running =
        sandbox.submit(
            SandboxRequest.builder("sh", "-c", "echo begun; sleep 100")
                .output((stream, bytes) -> begun.countDown())
                .build());
    CompletableFuture<SandboxResult> waiting =
        sandbox.submit(SandboxRequest.builder("true").build());
    assertThat(begun.await(PATIENCE, TimeUnit.SECONDS)).isTrue();
    sandbox.close();
    assertFails(running, ErrorKind.CANCELLED);
    assertFails(waiting, ErrorKind.CANCELLED);
    assertThatThrownBy(() -> sandbox.run("true"))
        .asInstanceOf(type(RuncibleException.class))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION));
    sandbox.close();
  }

  /** A program that makes its outputs non-blocking, fills one while nobody reads it, and ends. */
  private static SandboxRequest.Builder blocking(OutputListener listener) {
    Architecture architecture = Architecture.ofThisHost().orElseThrow();
    int setStatusFlags = 4;
    int nonBlocking = 04000;
    int create = 0101;
    Script script = new Script(architecture);
    Script.Place bytes = script.data(new byte[200_000]);
    script.call(SystemCall.OPENAT, -100, script.text("made"), create, 0600);
    script.call(SystemCall.WRITE, 3, bytes, 200_000);
    script.call(SystemCall.FCNTL, 1, setStatusFlags, nonBlocking);
    script.call(SystemCall.FCNTL, 2, setStatusFlags, nonBlocking);
    Script.Place full = new Script.Place();
    Script.Place more = script.here(new Script.Place());
    script.call(SystemCall.WRITE, 2, bytes, 4096).atLeast(1, full);
    script.call(SystemCall.GETPID).thenGoTo(more);
    script.here(full);
    script.call(SystemCall.EXIT_GROUP, 7);
    return SandboxRequest.builder("./program")
        .file("program", ScriptProgram.elf(architecture), 0755)
        .stdin(script.block())
        .artifacts("made")
        .output(listener);
  }

  @Test
  void programThatMakesItsOutputsNonBlockingHasItsResult() {
    try (Sandbox sandbox = sandbox().profile(PATIENT).build()) {
      SandboxResult result =
          sandbox.run(
              blocking(
                      (stream, bytes) -> {
                        try {
                          // So that the program has filled it and ended meanwhile.
                          Thread.sleep(100);
                        } catch (InterruptedException e) {
                          throw new IllegalStateException(e);
                        }
                      })
                  .build());
      assertThat(result.reason()).isEqualTo(EndReason.EXITED);
      assertThat(result.exitCode()).hasValue(7);
      assertThat(result.stderrBytes().length).isGreaterThanOrEqualTo(65536);
      assertThat(result.artifacts().get("made")).isEqualTo(new byte[200_000]);
      assertThat(result.omittedArtifacts()).isEmpty();
    }
  }

  @Test
  void whatFollowsAResultMayWaitForTheNext() throws Exception {
    CountDownLatch followed = new CountDownLatch(1);
    try (Sandbox sandbox = sandbox().profile(PATIENT).maxRunning(1).warm(0).build()) {
      CompletableFuture<SandboxResult> first =
          sandbox.submit(
              SandboxRequest.builder("echo", "first")
                  .output(
                      (stream, bytes) -> {
                        try {
                          assertThat(followed.await(PATIENCE, TimeUnit.SECONDS)).isTrue();
                        } catch (InterruptedException e) {
                          throw new IllegalStateException(e);
                        }
                      })
                  .build());
      CompletableFuture<SandboxResult> second =
          sandbox.submit(SandboxRequest.builder("echo", "second").build());
      CompletableFuture<String> both =
          first.thenApply(result -> result.stdout() + second.join().stdout());
      followed.countDown();
      assertThat(both.get(PATIENCE, TimeUnit.SECONDS)).isEqualTo("first\nsecond\n");
    }
  }
}
