package io.runcible.samples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class UpdateCommandTest {
  private final List<String> done = new ArrayList<>();

  private Runnable doing(String what) {
    return () -> done.add(what);
  }

  private Runnable failing(String what) {
    return () -> {
      done.add(what);
      throw new RuncibleException(ErrorKind.UNAVAILABLE, what);
    };
  }

  @Test
  void whatWentWellIsTakenBackWhenTheRestDoesNot() {
    UpdateCommand.allOrNothing(doing("policy"), doing("limits"), doing("back"));
    assertThat(done).containsExactly("policy", "limits");
    assertThatThrownBy(
            () -> UpdateCommand.allOrNothing(doing("policy"), failing("limits"), doing("back")))
        .hasMessage("limits")
        .hasNoSuppressedExceptions();
    assertThat(done).endsWith("policy", "limits", "back");
  }

  @Test
  void failureToTakeBackIsToldBesideTheFirst() {
    assertThatThrownBy(
            () -> UpdateCommand.allOrNothing(doing("policy"), failing("limits"), failing("back")))
        .hasMessage("limits")
        .hasSuppressedException(new RuncibleException(ErrorKind.UNAVAILABLE, "back"));
    assertThat(done).containsExactly("policy", "limits", "back");
  }

  @Test
  void whatWasNotDoneIsNotTakenBack() {
    assertThatThrownBy(
            () -> UpdateCommand.allOrNothing(failing("policy"), doing("limits"), doing("back")))
        .hasMessage("policy");
    assertThat(done).containsExactly("policy");
  }
}
