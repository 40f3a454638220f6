package io.runcible.jakarta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.StringReader;
import org.junit.jupiter.api.Test;

class SharedTest {
  private final Shared<String, StringReader> shared = new Shared<>();

  @Test
  void afterAnErrorTheNextOneTriesAgain() {
    assertThatThrownBy(
            () ->
                shared.get(
                    "a",
                    wanted -> {
                      throw new NoClassDefFoundError(wanted);
                    }))
        .isInstanceOf(NoClassDefFoundError.class);
    StringReader made = new StringReader("a");
    assertThat(shared.get("a", wanted -> made)).isSameAs(made);
    assertThat(shared.get("a", wanted -> new StringReader("b"))).isSameAs(made);
  }
}
