package io.runcible.samples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The order of containers, which change while they are listed. */
class ListCommandTest {
  @Test
  void eachIsAskedOnceAndWhatIsGoneIsLeftOut() {
    List<String> asked = new ArrayList<>();
    List<String> sorted =
        ListCommand.sorted(
            List.of("ccc", "gone", "a", "bb", "d"),
            one -> {
              asked.add(one);
              if (one.equals("gone")) {
                throw new RuncibleException(ErrorKind.NOT_FOUND, "it is gone");
              }
              return one.length();
            });
    assertThat(sorted).containsExactly("a", "d", "bb", "ccc");
    assertThat(asked).containsExactly("ccc", "gone", "a", "bb", "d");
  }

  @Test
  void otherFailuresAreTold() {
    assertThatThrownBy(
            () ->
                ListCommand.sorted(
                    List.of("a"),
                    (String one) -> {
                      throw new RuncibleException(ErrorKind.PERMISSION_DENIED, one);
                    }))
        .hasMessage("a");
  }
}
