package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import io.runcible.registry.RegistryClient;
import org.junit.jupiter.api.Test;

/** When an engine makes and closes its client of registries. */
class PullSourceTest {
  /** Nobody listens there. */
  private static final ImageReference IMAGE = ImageReference.parse("127.0.0.1:1/team/app:1");

  @Test
  void clientIsOneAndClosedWithIt() {
    PullSource source = new PullSource(null);
    ImageSource client = source.get();

    assertThat(source.get()).isSameAs(client).isInstanceOf(RegistryClient.class);
    assertThat(source.is(client)).isTrue();
    source.close();
    assertIsClosed(client);
  }

  @Test
  void oneThatWasNeverNeededIsClosedToo() {
    PullSource source = new PullSource(null);
    source.close();

    assertIsClosed(source.get());
  }

  @Test
  void givenOneIsLeftOpen() {
    try (RegistryClient given = RegistryClient.builder().attempts(1).build()) {
      PullSource source = new PullSource(given);
      source.close();

      assertThat(source.get()).isSameAs(given);
      assertThatThrownBy(() -> given.resolve(IMAGE))
          .isInstanceOfSatisfying(
              RuncibleException.class,
              e -> assertThat(e.kind()).isNotEqualTo(ErrorKind.FAILED_PRECONDITION));
    }
  }

  private static void assertIsClosed(ImageSource client) {
    assertThatThrownBy(() -> client.resolve(IMAGE))
        .isInstanceOfSatisfying(
            RuncibleException.class,
            e -> assertThat(e.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION));
  }
}
