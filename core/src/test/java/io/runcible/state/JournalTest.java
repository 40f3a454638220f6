package io.runcible.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ProcessName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@EnabledOnOs(OS.LINUX)
class JournalTest {
  @TempDir Path root;
  private final List<String> undone = new ArrayList<>();

  @Test
  void livingOwnerIsLeftAlone() {
    try (Journal journal = Journal.begin(root, "living")) {
      Journal.Entry entry = journal.record("thing", Map.of("name", "a"));
      sweep();
      assertThat(undone).isEmpty();
      entry.done();
    }
    assertThat(root).isEmptyDirectory();
  }

  /** As one that was to become a program when its parent was killed: it has all its files. */
  @Test
  void childThatADeadOwnerLeavesIsWaitedFor() throws Exception {
    die("a");
    Path file = Files.writeString(root.resolve("dead/lock"), ProcessName.own() + "0");
    LockFile ofChild = LockFile.tryAcquire(file, true).orElseThrow();
    Thread child = new Thread(() -> endSoon(ofChild));
    child.start();
    sweep();
    child.join();
    assertThat(undone).containsExactly("a");
    assertThat(root).isEmptyDirectory();
  }

  private static void endSoon(LockFile lock) {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } finally {
      lock.close();
    }
  }

  @Test
  void deadOwnersThingsAreUndoneLatestFirst() {
    die("a", "b", "c");
    sweep();
    assertThat(undone).containsExactly("c", "b", "a");
    assertThat(root).isEmptyDirectory();
  }

  @Test
  void whatWasStruckOutIsNotUndone() {
    Journal journal = Journal.begin(root, "dead");
    journal.record("thing", Map.of("name", "a")).done();
    journal.record("thing", Map.of("name", "b"));
    journal.close();
    sweep();
    assertThat(undone).containsExactly("b");
  }

  @Test
  void failedUndoingIsTriedAgainByTheNextSweep() {
    die("a", "broken", "c");
    Journal.sweep(
        root,
        Map.of(
            "thing",
            facts -> {
              if (facts.get("name").equals("broken")) {
                throw new RuncibleException(ErrorKind.UNAVAILABLE, "not now");
              }
            }));
    sweep();
    assertThat(undone).containsExactly("broken");
    assertThat(root).isEmptyDirectory();
  }

  @Test
  void sweepThatFailsLeavesTheJournalToTheNextOne() {
    die("a");
    assertThatThrownBy(
            () ->
                Journal.sweep(
                    root,
                    Map.of(
                        "thing",
                        facts -> {
                          throw new NoClassDefFoundError("of what undoes it");
                        })))
        .isInstanceOf(NoClassDefFoundError.class);
    sweep();
    assertThat(undone).containsExactly("a");
    assertThat(root).isEmptyDirectory();
  }

  @Test
  void unknownKindAndDamagedEntryStay() throws IOException {
    Journal journal = Journal.begin(root, "dead");
    journal.record("of a later release", Map.of());
    journal.close();
    Files.writeString(root.resolve("dead/000000000009.json"), "{\"kind\":");
    sweep();
    assertThat(undone).isEmpty();
    assertThat(root.resolve("dead")).isDirectoryContaining("glob:**.json");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 60})
  void entryWhoseTextAPowerCutTookIsStruckOut(int size) throws IOException {
    die("a");
    Files.write(root.resolve("dead/000000000009.json"), new byte[size]);
    sweep();
    assertThat(undone).containsExactly("a");
    assertThat(root).isEmptyDirectory();
  }

  @Test
  void factsAreThoseOfAllOwners() throws IOException {
    die("a");
    Files.writeString(root.resolve("dead/000000000009.json"), "");
    try (Journal living = Journal.begin(root, "living")) {
      Journal.Entry done = living.record("thing", Map.of("name", "b"));
      Journal.Entry kept = living.record("thing", Map.of("name", "c"));
      Journal.Entry other = living.record("other", Map.of("name", "d"));
      done.done();
      assertThat(Journal.facts(root, "thing"))
          .containsExactlyInAnyOrder(Map.of("name", "a"), Map.of("name", "c"));
      kept.done();
      other.done();
    }
  }

  @Test
  void ownerIsUnique() {
    try (Journal journal = Journal.begin(root, "owner")) {
      assertThat(journal.owner()).isEqualTo("owner");
      assertThatThrownBy(() -> Journal.begin(root, "owner"))
          .isInstanceOfSatisfying(
              RuncibleException.class,
              e -> assertThat(e.kind()).isEqualTo(ErrorKind.ALREADY_EXISTS));
    }
  }

  /** A sweep may lock a journal between the removal of its lock and of its directory. */
  @Test
  void journalsEndWhileOthersSweep() throws Exception {
    AtomicBoolean over = new AtomicBoolean();
    ExecutorService sweepers = Executors.newFixedThreadPool(2);
    try {
      Callable<Boolean> sweeps =
          () -> {
            while (!over.get()) {
              Journal.sweep(root, Map.of());
            }
            return true;
          };
      List<Future<Boolean>> sweeping = List.of(sweepers.submit(sweeps), sweepers.submit(sweeps));
      for (int i = 0; i < 1_000; i++) {
        Journal.begin(root, "owner" + i).close();
      }
      over.set(true);
      for (Future<Boolean> one : sweeping) {
        assertThat(one.get(1, TimeUnit.MINUTES)).isTrue();
      }
    } finally {
      over.set(true);
      sweepers.shutdown();
    }
    assertThat(root).isEmptyDirectory();
  }

  @Test
  void sweepOfNothingIsNoError() {
    Journal.sweep(root.resolve("missing"), Map.of());
  }

  /** A closed journal with entries is what a killed owner leaves: its lock is free. */
  private void die(String... names) {
    Journal journal = Journal.begin(root, "dead");
    for (String name : names) {
      journal.record("thing", Map.of("name", name));
    }
    journal.close();
  }

  private void sweep() {
    Journal.sweep(root, Map.of("thing", facts -> undone.add(facts.get("name"))));
  }
}
