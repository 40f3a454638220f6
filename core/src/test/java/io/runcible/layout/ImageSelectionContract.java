package io.runcible.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.Samples;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** How one of several images is selected as in the transport names of skopeo. */
interface ImageSelectionContract {
  ImageReference FIRST = ImageReference.parse("registry.example/team/app:1");
  ImageReference SECOND = ImageReference.parse("redis:7");

  /** Has images be written, and calls back with what selects among them. */
  void selecting(Consumer<ImageSink> content, Consumer<Function<String, Descriptor>> check);

  private static Digest digest(String sample) {
    return Samples.manifest(sample).digest();
  }

  private static void assertFails(ErrorKind kind, ThrowingCallable action, String... reasons) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .hasMessageContainingAll(reasons);
  }

  /** Two that have names, and one that has none. */
  private void amongThree(Consumer<Function<String, Descriptor>> check) {
    selecting(
        sink -> {
          Samples.put(sink, FIRST, "one");
          Samples.put(sink, SECOND, "two");
          Samples.put(sink, Samples.byDigest(FIRST, digest("three")), "three");
        },
        check);
  }

  @Test
  default void theOnlyImageNeedsNoName() {
    selecting(
        sink -> Samples.put(sink, FIRST, "one"),
        select -> assertThat(select.apply("").digest()).isEqualTo(digest("one")));
  }

  @Test
  default void ofSeveralOneIsNamed() {
    amongThree(
        select -> {
          assertFails(
              ErrorKind.INVALID_INPUT,
              () -> select.apply(""),
              "3 images",
              FIRST.toString(),
              SECOND.toString(),
              "@");
          assertThat(select.apply(FIRST.toString()).digest()).isEqualTo(digest("one"));
          assertThat(select.apply("redis:7").digest()).isEqualTo(digest("two"));
          assertFails(
              ErrorKind.NOT_FOUND, () -> select.apply("redis:8"), "redis:8", SECOND.toString());
        });
  }

  @Test
  default void ofSeveralOneHasANumber() {
    amongThree(
        select -> {
          assertThat(Stream.of("@0", "@1", "@2").map(select).map(Descriptor::digest))
              .containsExactlyInAnyOrder(digest("one"), digest("two"), digest("three"));
          assertFails(ErrorKind.NOT_FOUND, () -> select.apply("@3"), "@3", FIRST.toString());
          assertFails(ErrorKind.INVALID_INPUT, () -> select.apply("@x"), "neither a number");
          assertFails(ErrorKind.INVALID_INPUT, () -> select.apply("@-1"), "neither a number");
          assertFails(ErrorKind.INVALID_INPUT, () -> select.apply("@9999999999"), "9999999999");
        });
  }

  @Test
  default void ofSeveralOneHasADigest() {
    amongThree(
        select -> {
          assertThat(select.apply("@" + digest("three")).digest()).isEqualTo(digest("three"));
          String other = digest("other").toString();
          assertFails(ErrorKind.NOT_FOUND, () -> select.apply("@" + other), other);
          assertFails(ErrorKind.INVALID_INPUT, () -> select.apply("@sha256:x"), "sha256:x");
        });
  }

  @Test
  default void ofNoneNothingIsFound() {
    selecting(
        sink -> {},
        select -> assertFails(ErrorKind.NOT_FOUND, () -> select.apply(""), "has no image"));
  }
}
