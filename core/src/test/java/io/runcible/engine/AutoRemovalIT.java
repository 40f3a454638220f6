package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import io.runcible.state.LockFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Detached containers that are removed once they have ended, each of them once and no other. */
class AutoRemovalIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final String UNTIL_TOLD = "while [ ! -e /end ]; do sleep 0.02; done; ";

  private static ContainerSpec.Builder doomed(String script) {
    return ENGINE.sh(script).detached().autoRemove();
  }

  private static Path containers() {
    return ENGINE.root().data().resolve("containers");
  }

  /** What there is of containers, those that are being removed among them. */
  private static List<String> left() {
    try (Stream<Path> paths = Files.list(containers())) {
      // A link is a further name.
      return paths
          .filter(path -> !Files.isSymbolicLink(path))
          .map(path -> path.getFileName().toString())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void awaitGone() {
    RestartIT.await(() -> left().isEmpty());
  }

  /** Runs one that an engine has started that is not there any more. */
  private static String leave(ContainerSpec.Builder spec) {
    try (ContainerEngine engine = ENGINE.open()) {
      return engine.run(spec.build()).id();
    }
  }

  private static void awaitExit(String id) {
    ContainerDirectory directory = ContainerDirectory.of(containers(), id);
    RestartIT.await(() -> Files.exists(directory.exitFile()) && !AutoRemoval.hasMonitor(directory));
  }

  /** When no engine has it, however long each of them took to let go of it. */
  private static void killAlone(String id) {
    String pid = HostResources.read(ContainerDirectory.of(containers(), id).pidFile()).strip();
    assertThat(ProcessHandle.of(Long.parseLong(pid)).orElseThrow().destroyForcibly()).isTrue();
    awaitExit(id);
  }

  private static List<String> volumes() {
    return ENGINE.get().volumes().list().stream().map(VolumeInfo::name).toList();
  }

  @Test
  void engineThatHasItRemovesItWithItsUnnamedVolumes() {
    try (EventStream events = ENGINE.get().events(EventFilter.all())) {
      Container container =
          ENGINE
              .get()
              .run(
                  doomed(UNTIL_TOLD + "exit 7")
                      .mount(Mount.volume("kept", "/kept"))
                      .mount(Mount.volume("/own"))
                      .build());
      assertThat(container.inspect().autoRemove()).isTrue();
      assertThat(volumes()).hasSize(2);
      Churn.touchEnd(container);
      assertThat(container.waitFor()).isEqualTo(ExitStatus.ofExit(7));
      awaitGone();
      container.close();
      assertThat(container.state()).isEqualTo(ContainerState.REMOVED);
      assertThat(container.waitFor()).isEqualTo(ExitStatus.ofExit(7));
      assertThat(ENGINE.get().find(container.id())).isEmpty();
      assertThat(volumes()).containsExactly("kept");
      assertThat(ENGINE.get().volumes().remove("kept")).isTrue();
      List<String> names = new ArrayList<>();
      while (!names.contains("Removed")) {
        names.add(events.next(TestEngine.LIMIT).orElseThrow().getClass().getSimpleName());
      }
      assertThat(names).contains("Started", "Ended");
      assertThat(ENGINE.get().counts().completed()).containsEntry(EngineOperation.REMOVE, 1L);
    }
  }

  @Test
  void nextEngineRemovesItWhenNobodyWasThere() {
    String id = leave(doomed("sleep 600").mount(Mount.volume("/own")));
    killAlone(id);
    assertThat(left()).containsExactly(id);
    try (ContainerEngine next = ENGINE.open()) {
      assertThat(left()).isEmpty();
      assertThat(next.list()).isEmpty();
      assertThat(next.volumes().list()).isEmpty();
    }
  }

  @Test
  void stopRemovesIt() {
    String id = leave(doomed("sleep 600").name("stopped"));
    try (ContainerEngine next = ENGINE.open()) {
      Container container = next.find(id).orElseThrow();
      assertThat(container.stop(Duration.ZERO)).isEqualTo(ExitStatus.ofSignal(9));
    }
    assertThat(left()).isEmpty();
  }

  @Test
  void oneThatWasNeverStartedStays() {
    Container created = ENGINE.get().create(doomed("exit 5").build());
    try (ContainerEngine next = ENGINE.open()) {
      Container same = next.find(created.id()).orElseThrow();
      assertThat(same.state()).isEqualTo(ContainerState.CREATED);
      same.start();
      assertThat(same.waitFor()).isEqualTo(ExitStatus.ofExit(5));
    }
    assertThat(left()).isEmpty();
  }

  @Test
  void oneWhoseStartFailedIsRemoved() {
    ContainerSpec.Builder none = ENGINE.spec("busybox").command("/none").detached().autoRemove();
    RunIT.assertFails(() -> ENGINE.get().run(none.build()), ErrorKind.NOT_FOUND, "/none");
    assertThat(left()).isEmpty();
    Container created = ENGINE.get().create(none.build());
    RunIT.assertFails(created::start, ErrorKind.NOT_FOUND, "/none");
    awaitGone();
  }

  @Test
  void everyEngineHearsHowItEnded() {
    for (int round = 0; round < Rounds.of(3, 100); round++) {
      String id = leave(doomed(UNTIL_TOLD + "exit 42"));
      List<ContainerEngine> engines = new ArrayList<>();
      List<CompletableFuture<ExitStatus>> told = new ArrayList<>();
      try {
        for (int i = 0; i < 4; i++) {
          ContainerEngine engine = ENGINE.open();
          engines.add(engine);
          Container found = engine.find(id).orElseThrow();
          told.add(CompletableFuture.supplyAsync(found::waitFor));
        }
        Churn.touchEnd(engines.get(0).find(id).orElseThrow());
        for (CompletableFuture<ExitStatus> one : told) {
          ENGINE.open().close();
          assertThat(one.join()).as("round %s", round).isEqualTo(ExitStatus.ofExit(42));
        }
        awaitGone();
        for (ContainerEngine engine : engines) {
          RestartIT.await(() -> engine.find(id).isEmpty());
        }
      } finally {
        engines.forEach(ContainerEngine::close);
      }
    }
  }

  /** Nor does anything else that takes the lock of the start for itself delay it. */
  @Test
  void endIsToldBeforeTheRemoval() {
    Container container = ENGINE.get().run(doomed(UNTIL_TOLD + "exit 9").build());
    LockFile held = LockFile.acquire(container.directory().startLock(), true, TestEngine.LIMIT);
    try (held) {
      Churn.touchEnd(container);
      assertThat(container.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(9));
      assertThat(left()).containsExactly(container.id());
    }
    awaitGone();
  }

  @Test
  void engineThatHasNotHeardKeepsIt() {
    String id = leave(doomed("sleep 600"));
    ContainerDirectory directory = ContainerDirectory.of(containers(), id);
    LockFile waiting = LockFile.acquire(directory.followersLock(), false, TestEngine.LIMIT);
    try (waiting) {
      killAlone(id);
      ENGINE.open().close();
      assertThat(left()).containsExactly(id);
    }
    ENGINE.open().close();
    assertThat(left()).isEmpty();
  }

  @Test
  void namesOfOneThatWasRenamedAreItsOwn() {
    Container renamed = ENGINE.get().run(doomed(UNTIL_TOLD).name("from").build());
    renamed.rename("to");
    for (String name : List.of("from", "to")) {
      RunIT.assertFails(
          () -> ENGINE.get().create(doomed("exit 0").name(name).build()),
          ErrorKind.ALREADY_EXISTS,
          name);
      ENGINE.open().close();
      assertThat(renamed.exec("true").waitFor().code()).isZero();
    }
    Churn.touchEnd(renamed);
    awaitGone();
    for (String name : List.of("from", "to")) {
      Container next = ENGINE.get().run(doomed("exit 0").name(name).build());
      assertThat(next.waitFor().code()).isZero();
      awaitGone();
    }
  }

  /** An engine that hears late, when the name has been given anew twice over. */
  @Test
  void oneThatHasItsNameByNowStays() {
    String id = leave(doomed("sleep 600").name("same").mount(Mount.volume("/own")));
    Container stale = ENGINE.get().find(id).orElseThrow();
    try (ContainerEngine other = ENGINE.open()) {
      other.find(id).orElseThrow().close();
      Container next =
          other.run(doomed("sleep 600").name("same").mount(Mount.volume("/own")).build());
      assertThat(stale.waitFor()).isEqualTo(ExitStatus.ofSignal(9));
      RestartIT.await(() -> stale.state() == ContainerState.REMOVED);
      hearAgain(stale);
      ENGINE.open().close();
      assertThat(next.exec("test", "-d", "/own").waitFor().code()).isZero();
      assertThat(other.volumes().list()).hasSize(1);
      next.close();
      // One that has ended, and is not to be removed.
      Container ended = other.run(ENGINE.sh("exit 4").detached().name("same").build());
      ended.waitFor();
      hearAgain(stale);
      assertThat(ended.state()).isEqualTo(ContainerState.STOPPED);
      assertThat(left()).containsExactly("same");
      ended.close();
      // Its id as the later name of another one.
      Container third = other.run(doomed("sleep 600").name("third").build());
      third.rename("same");
      hearAgain(stale);
      assertThat(third.exec("true").waitFor().code()).isZero();
      third.close();
    }
    assertThat(left()).isEmpty();
  }

  /** The lock that it waits for is that of the next one by then. */
  @Test
  void whoWaitsForOthersDoesNotWaitForTheNextOfItsName() throws IOException {
    Container stale = ENGINE.get().run(doomed("sleep 600").build());
    ContainerDirectory directory = stale.directory();
    String own = Files.readString(directory.record());
    String token = ContainerRecord.read(directory).orElseThrow().token();
    LockFile others = LockFile.acquire(directory.followersLock(), false, TestEngine.LIMIT);
    try (others) {
      stale.kill("KILL");
      stale.waitFor();
      // It has asked whether it is still that container by then, and waits.
      ChildJvm.pause(500);
      replaceRecord(directory, own.replace(token, "0".repeat(token.length())));
      RestartIT.await(() -> stale.state() == ContainerState.REMOVED);
      assertThat(left()).containsExactly(stale.id());
      replaceRecord(directory, own);
    }
    ENGINE.open().close();
    assertThat(left()).isEmpty();
  }

  private static void replaceRecord(ContainerDirectory directory, String text) throws IOException {
    Path made = Files.writeString(directory.path().resolve("made"), text);
    Files.move(made, directory.record(), StandardCopyOption.ATOMIC_MOVE);
  }

  private static void hearAgain(Container stale) {
    stale.removeIfEnded();
    stale.close();
  }

  @Test
  void oneWithARecordThatCannotBeReadStaysWithItsVolumes() throws IOException {
    Container container = ENGINE.get().run(doomed(UNTIL_TOLD).mount(Mount.volume("/own")).build());
    Path record = container.directory().record();
    Path aside = record.resolveSibling("aside");
    LockFile held = LockFile.acquire(container.directory().startLock(), true, TestEngine.LIMIT);
    try (held) {
      Churn.touchEnd(container);
      container.waitFor();
      Files.move(record, aside);
      Files.createDirectory(record);
    }
    ENGINE.get().close();
    assertThat(left()).containsExactly(container.id());
    Files.delete(record);
    Files.move(aside, record);
    assertThat(ENGINE.root().data().resolve("volumes").toFile().list((d, n) -> !n.startsWith(".")))
        .hasSize(1);
    try (ContainerEngine next = ENGINE.open()) {
      assertThat(left()).isEmpty();
      assertThat(next.volumes().list()).isEmpty();
    }
  }

  @Test
  void removalThatFailedIsTriedAgainAndMeanwhileItIsSeen() throws IOException {
    Container container =
        ENGINE
            .get()
            .run(doomed(UNTIL_TOLD + "exit 6").name("stuck").mount(Mount.volume("/own")).build());
    container.rename("called");
    ContainerRecord record = ContainerRecord.read(container.directory()).orElseThrow();
    Path inTheWay = ContainerRemover.unnamed(containers(), record.token());
    Files.createDirectories(inTheWay.resolve("full"));
    Churn.touchEnd(container);
    container.waitFor();
    RestartIT.await(() -> container.state() == ContainerState.REMOVED);
    for (int i = 0; i < 3; i++) {
      try (ContainerEngine next = ENGINE.open()) {
        Container found = next.list().get(0);
        assertThat(found.waitFor()).isEqualTo(ExitStatus.ofExit(6));
        // Its engine tries to remove it, too, and lets go of it then.
        assertThatThrownBy(() -> found.restart(Duration.ZERO))
            .isInstanceOfSatisfying(
                RuncibleException.class,
                e -> assertThat(e.kind()).isIn(ErrorKind.NOT_FOUND, ErrorKind.FAILED_PRECONDITION))
            .hasMessageContaining("removed");
      }
    }
    Files.delete(inTheWay.resolve("full"));
    Files.delete(inTheWay);
    try (ContainerEngine next = ENGINE.open()) {
      assertThat(left()).isEmpty();
      assertThat(next.list()).isEmpty();
      assertThat(next.volumes().list()).isEmpty();
    }
  }

  /** As a kill leaves it just when the removal has begun: nobody starts half of a container. */
  @Test
  void removalThatHasBegunIsFinished() throws IOException {
    String id = leave(doomed("sleep 600").mount(Mount.volume("/own")));
    try (ContainerEngine open = ENGINE.open()) {
      Container found = open.find(id).orElseThrow();
      LockFile remover = LockFile.acquire(found.directory().startLock(), true, TestEngine.LIMIT);
      try (remover) {
        found.kill("KILL");
        found.waitFor();
        Files.writeString(found.directory().removalFile(), "");
        CompletableFuture<Void> start =
            CompletableFuture.runAsync(
                () ->
                    RunIT.assertFails(
                        () -> found.restart(Duration.ZERO), ErrorKind.NOT_FOUND, "removed"));
        remover.close();
        start
            .exceptionally(
                e -> {
                  assertThat(found.state()).isEqualTo(ContainerState.REMOVED);
                  return null;
                })
            .join();
      }
    }
    ENGINE.open().close();
    assertThat(left()).isEmpty();
    assertThat(volumes()).isEmpty();
  }

  @Test
  void restartKeepsItForAllWhoHaveIt() {
    Container container =
        ENGINE.get().run(doomed("echo run; " + UNTIL_TOLD + "exit 8").name("again").build());
    try (ContainerEngine other = ENGINE.open();
        ContainerEngine third = ENGINE.open()) {
      Container same = other.find("again").orElseThrow();
      Container too = third.find("again").orElseThrow();
      for (int i = 0; i < Rounds.of(5, 100); i++) {
        Container one = i % 2 == 0 ? same : container;
        one.restart(Duration.ZERO);
        assertThat(one.isRunning()).isTrue();
        ENGINE.open().close();
      }
      assertThat(container.restarts() + same.restarts()).isPositive();
      RestartIT.await(same::isRunning);
      RestartIT.await(too::isRunning);
      Churn.touchEnd(same);
      assertThat(too.waitFor()).isEqualTo(ExitStatus.ofExit(8));
      awaitGone();
    }
  }

  /** Of which the other engine may not have heard yet: it ends that run, too. */
  @Test
  void restartsOfTwoEnginesFollowEachOther() {
    Container container = ENGINE.get().run(doomed("sleep 600").name("twice").build());
    try (ContainerEngine other = ENGINE.open()) {
      Container same = other.find("twice").orElseThrow();
      Container last = container;
      for (int i = 0; i < Rounds.of(6, 100); i++) {
        Container one = i % 2 == 0 ? same : container;
        int before = one.pid().orElse(0);
        one.restart(Duration.ZERO);
        assertThat(one.pid().orElseThrow()).as("round %s", i).isNotEqualTo(before);
        last = one;
      }
      last.kill("KILL");
      awaitGone();
    }
  }

  /** Of the one that hears of the end, and others that start it then. */
  @Test
  void startOfOneThatEndsComesToARunOrToNothing() {
    int ran = 0;
    for (int round = 0; round < Rounds.of(12, 300); round++) {
      Container container = ENGINE.get().run(doomed("sleep 600").name("raced").build());
      try (ContainerEngine other = ENGINE.open()) {
        Container same = other.find("raced").orElseThrow();
        container.kill("KILL");
        same.waitFor();
        if (round % 4 == 0) {
          LeakCheck.pause();
        }
        try {
          same.restart(Duration.ZERO);
          ran++;
          ENGINE.open().close();
          assertThat(same.exec("true").waitFor().code()).isZero();
          same.kill("KILL");
          assertThat(same.waitFor()).isEqualTo(ExitStatus.ofSignal(9));
        } catch (RuncibleException e) {
          assertThat(e.kind())
              .as("round %s: %s", round, e.getMessage())
              .isIn(ErrorKind.NOT_FOUND, ErrorKind.FAILED_PRECONDITION);
        }
        awaitGone();
      }
    }
    System.out.println("of " + Rounds.of(12, 300) + " starts " + ran + " came first");
  }

  /** The engine that hears of the end, others, and those who remove it by hand. */
  @Test
  void removersDoNotMeet() {
    for (int round = 0; round < Rounds.of(8, 200); round++) {
      Container container =
          ENGINE.get().run(doomed("sleep 600").name("once").mount(Mount.volume("/own")).build());
      try (ContainerEngine second = ENGINE.open();
          ContainerEngine third = ENGINE.open()) {
        Container same = second.find("once").orElseThrow();
        Container too = third.find("once").orElseThrow();
        CompletableFuture<Void> all =
            CompletableFuture.allOf(
                CompletableFuture.runAsync(() -> container.kill("KILL")),
                CompletableFuture.runAsync(same::close),
                CompletableFuture.runAsync(() -> ENGINE.open().close()),
                CompletableFuture.runAsync(too::close));
        Container next = null;
        while (next == null) {
          try {
            next = second.run(doomed("sleep 600").name("once").build());
          } catch (RuncibleException e) {
            assertThat(e.kind()).isEqualTo(ErrorKind.ALREADY_EXISTS);
          }
        }
        all.join();
        RestartIT.await(() -> container.state() == ContainerState.REMOVED);
        container.close();
        assertThat(next.exec("true").waitFor().code()).as("round %s", round).isZero();
        assertThat(volumes()).isEmpty();
        next.close();
        assertThat(left()).isEmpty();
      }
    }
  }

  @Test
  void killedMonitorTakesItToItsEnd() throws IOException {
    Container container = ENGINE.get().run(doomed("sleep 600").build());
    int monitor = Integer.parseInt(Files.readString(container.directory().monitorFile()).strip());
    assertThat(ProcessHandle.of(monitor).orElseThrow().destroyForcibly()).isTrue();
    RestartIT.await(() -> !AutoRemoval.hasMonitor(container.directory()));
    ENGINE.open().close();
    assertThat(container.exec("true").waitFor().code()).isZero();
    container.kill("KILL");
    awaitGone();
  }

  @Test
  void whoFollowsTheLogGetsAllOfIt() throws IOException {
    String last = "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i + 1)); done";
    for (LogPolicy policy : List.of(LogPolicy.cri(64 << 10, 20), LogPolicy.RAW)) {
      String id = leave(doomed(UNTIL_TOLD + last).log(policy));
      try (ContainerEngine other = ENGINE.open()) {
        Container container = other.find(id).orElseThrow();
        try (Attachment attachment = container.attach();
            InputStream out = container.process().stdout()) {
          Churn.touchEnd(container);
          container.waitFor();
          ENGINE.open().close();
          assertThat(lines(attachment.stdout())).hasSize(3000).endsWith("line 2999");
          assertThat(lines(out)).hasSize(3000).endsWith("line 2999");
        }
        awaitGone();
      }
    }
    String id = leave(doomed(UNTIL_TOLD + last).log(LogPolicy.cri(64 << 10, 20)));
    Container container = ENGINE.get().find(id).orElseThrow();
    try (Stream<LogEntry> entries = container.logs().entries(LogQuery.ALL.following())) {
      Churn.touchEnd(container);
      container.waitFor();
      assertThat(entries.map(LogEntry::text)).hasSize(3000).endsWith("line 2999");
    }
    awaitGone();
  }

  /** An archive that is a part, as its root was not there any more, would look whole. */
  @Test
  void whatIsReadOfOneThatIsRemovedMeanwhileIsRefused() throws IOException {
    for (boolean all : List.of(true, false)) {
      ContainerSpec.Builder spec = ENGINE.sh("echo 1 >/file; echo up; " + UNTIL_TOLD).detached();
      Container container = ENGINE.get().run((all ? spec.autoRemove() : spec).build());
      container.awaitReady(Ready.onLog("up"));
      ContainerFiles files = container.files();
      Files.writeString(container.directory().removalFile(), "");
      assertGone(() -> files.export(OutputStream.nullOutputStream()));
      assertGone(() -> files.copyFrom("/file", OutputStream.nullOutputStream()));
      assertGone(files::diff);
      assertGone(() -> container.commit("example.com/part:1", change -> {}));
      assertThat(ENGINE.get().images().find(ImageReference.parse("example.com/part:1"))).isEmpty();
      Files.delete(container.directory().removalFile());
      files.export(OutputStream.nullOutputStream());
      try (ContainerEngine other = ENGINE.open()) {
        ContainerFiles read = other.find(container.id()).orElseThrow().files();
        OutputStream removing =
            new OutputStream() {
              @Override
              public void write(int value) {
                container.close();
              }

              @Override
              public void write(byte[] some, int offset, int length) {
                container.close();
              }
            };
        assertThatThrownBy(() -> read.export(removing)).isInstanceOf(RuncibleException.class);
      }
    }
    awaitGone();
  }

  private static void assertGone(Runnable reading) {
    RunIT.assertFails(reading, ErrorKind.NOT_FOUND, "removed");
  }

  private static List<String> lines(InputStream in) throws IOException {
    return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void whoStartsItAttachedGetsAllOfIt() throws IOException {
    for (int round = 0; round < Rounds.of(6, 100); round++) {
      Container container =
          ENGINE
              .get()
              .create(
                  doomed("echo out; echo err >&2")
                      .log(round % 2 == 0 ? LogPolicy.RAW : LogPolicy.cri(64 << 10, 2))
                      .build());
      try (Attachment attachment = container.startAttached()) {
        assertThat(lines(attachment.stdout())).containsExactly("out");
        assertThat(lines(attachment.stderr())).containsExactly("err");
        assertThat(container.waitFor().code()).isZero();
      }
      awaitGone();
    }
  }

  /** Programs that are killed at any moment; one container runs on all the time. */
  @Test
  void whateverIsKilledEachIsRemovedAndNoOther() {
    long seed = Rounds.seed("auto-removal");
    Random random = new Random(seed);
    Container bystander =
        ENGINE.get().run(doomed(UNTIL_TOLD).name("shared9").mount(Mount.volume("/own")).build());
    bystander.rename("bystander");
    for (int round = 0; round < Rounds.of(3, 50); round++) {
      List<ChildJvm> programs = new ArrayList<>();
      try {
        for (int i = 0; i < 3; i++) {
          programs.add(
              ChildJvm.start(
                  AutoRemovalProgram.class,
                  ENGINE.root().path(),
                  ENGINE.reference("busybox"),
                  seed + 10L * round + i));
        }
        for (ChildJvm program : programs) {
          assertThat(program.line()).isEqualTo("working");
        }
        for (ChildJvm program : programs) {
          ChildJvm.pause(300 + random.nextInt(1200));
          program.kill();
          assertThat(program.rest()).as("round %s of seed %s", round, seed).isEmpty();
        }
      } finally {
        programs.forEach(ChildJvm::close);
      }
      RestartIT.await(() -> removeCreated().equals(List.of(bystander.id())));
      assertThat(bystander.exec("test", "-d", "/own").waitFor().code()).isZero();
      assertThat(volumes()).hasSize(1);
    }
    Churn.touchEnd(bystander);
    awaitGone();
    assertThat(volumes()).isEmpty();
  }

  /** Those that were made and not started stay. Returns what is left. */
  private static List<String> removeCreated() {
    try (ContainerEngine next = ENGINE.open()) {
      next.list(ContainerFilter.all().state(ContainerState.CREATED)).forEach(Container::close);
    }
    return left();
  }

  @Test
  void policiesOfRestartsAreRefused() {
    Container container = ENGINE.get().run(doomed("sleep 600").build());
    RunIT.assertFails(
        () -> container.update(RestartPolicy.ALWAYS), ErrorKind.INVALID_INPUT, "removed");
    container.update(RestartPolicy.NO);
    container.close();
    assertThat(left()).isEmpty();
  }

  /** The file of the followers is there for no others. */
  @Test
  void othersStay() {
    String id = leave(ENGINE.sh("exit 0").detached());
    awaitExit(id);
    ENGINE.open().close();
    Container found = ENGINE.get().find(id).orElseThrow();
    assertThat(found.state()).isEqualTo(ContainerState.STOPPED);
    assertThat(found.inspect().autoRemove()).isFalse();
    assertThat(found.directory().followersLock()).doesNotExist();
    found.close();
    assertThat(left()).isEmpty();
  }
}
