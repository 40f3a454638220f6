package io.runcible.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.LayerFormat;
import io.runcible.archive.TarBytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the worker says of a failure. */
class RootlessUnpackTest {
  @TempDir Path directory;
  private final List<Integer> told = new ArrayList<>();

  private RuncibleException failure(String said) {
    return RootlessUnpack.failure(said, told::add);
  }

  @Test
  void numberOfTheLayerIsInTheLineAfterTheFailure() {
    RuncibleException failure = failure("CORRUPT_DATA: not what it says\nof layer: 12");
    assertThat(failure.kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
    assertThat(failure).hasMessageEndingWith("not what it says");
    assertThat(told).containsExactly(12);
  }

  @Test
  void whatTheJvmSaysAfterwardsIsNoPartOfTheNumber() {
    assertThat(failure("UNAVAILABLE: full\nof layer: 3\nwarning: x").kind())
        .isEqualTo(ErrorKind.UNAVAILABLE);
    assertThat(told).containsExactly(3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-1", "x", "1 2", "12345678901"})
  void whatIsNoNumberHidesNoFailure(String number) {
    RuncibleException failure = failure("INVALID_INPUT: too much\nof layer: " + number);
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageEndingWith("too much");
    assertThat(told).isEmpty();
  }

  @Test
  void numberComesAlsoAfterALongMessage() {
    RuncibleException failure = failure("CORRUPT_DATA: " + "x".repeat(20_000) + "\nof layer: 34");
    assertThat(failure.getMessage().length()).isBetween(16_000, 17_000);
    assertThat(told).containsExactly(34);
  }

  @Test
  void whatIsNoFailureOfItsIsTold() {
    RuncibleException failure = failure("Error: no such class");
    assertThat(failure.kind()).isEqualTo(ErrorKind.INTERNAL);
    assertThat(failure).hasMessageContaining("no such class");
    assertThat(told).isEmpty();
  }

  @Test
  void layerThatCannotBeCompletedIsNamed() throws IOException {
    ExecutorService stages = Executors.newCachedThreadPool();
    try {
      List<RootlessUnpack.Layer> layers =
          List.of(
              layer("low", new TarBytes().file("a", "x"), List.of()),
              layer("high", new TarBytes().hardLink("b", "none"), List.of("low")));
      RootlessUnpack.Request request =
          new RootlessUnpack.Request(
              false, LayerFormat.COPY, ArchiveLimits.DEFAULT, layers, List.of(), List.of());
      assertThatThrownBy(() -> RootlessUnpack.unpackAll(request, stages))
          .isInstanceOfSatisfying(
              RootlessUnpack.LayerFailure.class, e -> assertThat(e.layer).isEqualTo(1))
          .hasMessageContaining("none");
    } finally {
      stages.shutdown();
    }
  }

  private RootlessUnpack.Layer layer(String name, TarBytes tar, List<String> lower)
      throws IOException {
    byte[] bytes = tar.bytes();
    return new RootlessUnpack.Layer(
        Files.write(directory.resolve(name + ".tar"), bytes).toString(),
        Digest.sha256(bytes).toString(),
        Files.createDirectories(directory.resolve(name + "/copy")).toString(),
        lower.stream().map(below -> directory.resolve(below + "/copy").toString()).toList());
  }
}
