package io.runcible.samples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.IdRange;
import io.runcible.engine.EngineEvent;
import io.runcible.engine.ExitStatus;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the words of options mean, and how events are printed. */
class OptionSyntaxTest {
  @Test
  void userNamespacesHaveTheNamesOfPodman() {
    assertThat(UserNamespaceOptions.parse("host")).hasToString("host");
    assertThat(UserNamespaceOptions.parse("auto")).hasToString("auto:size=65536");
    assertThat(UserNamespaceOptions.parse("auto:size=2000")).hasToString("auto:size=2000");
    assertThat(UserNamespaceOptions.ranges(List.of("0:100000:5000", "5000:7")))
        .containsExactly(new IdRange(0, 100000, 5000), new IdRange(5000, 7, 1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "none",
        "auto:",
        "auto:size=",
        "auto:size=0",
        "auto:size=x",
        "ns:/x",
        "auto:y=1"
      })
  void userNamespaceThatIsNoneIsRefused(String mode) {
    assertThatThrownBy(() -> UserNamespaceOptions.parse(mode))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
  }

  @Test
  void labelsOfSelinuxHaveCategoriesOfTheirOwn() {
    SelinuxLabels labels = SelinuxLabels.of(List.of());
    assertThat(labels.process()).matches("system_u:system_r:container_t:s0:c\\d+,c\\d+");
    assertThat(labels.files())
        .isEqualTo(labels.process().replace("system_r:container_t", "object_r:container_file_t"));
    assertThat(SelinuxLabels.of(List.of("type:spc_t", "level:s0", "user:u", "filetype=usr_t")))
        .isEqualTo(new SelinuxLabels("u:system_r:spc_t:s0", "u:object_r:usr_t:s0"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "0:x", "0:1:2:3", "0:1:0", "-1:0:1", "0:1:99999999999"})
  void mappingThatIsNoneIsRefused(String range) {
    assertThatThrownBy(() -> UserNamespaceOptions.ranges(List.of(range)))
        .isInstanceOf(RuncibleException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"event=no", "event", "x=y", "type=image", "container=a,container=b"})
  void filterThatIsNoneIsRefused(String filters) {
    assertThatThrownBy(() -> EventsCommand.filter(List.of(filters.split(",", -1))))
        .isInstanceOf(RuncibleException.class);
  }

  private static String printed(EngineEvent event, boolean json) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    EventsCommand.print(new PrintStream(out, true, UTF_8), event, json);
    return out.toString(UTF_8).stripTrailing();
  }

  @Test
  void anEventIsALine() {
    Instant time = Instant.parse("2026-01-02T03:04:05Z");
    EngineEvent ended =
        new EngineEvent.Ended(
            time, "box", Optional.of(new ExitStatus(3, OptionalInt.empty(), true)));
    assertThat(printed(ended, false)).isEqualTo("2026-01-02T03:04:05Z died box exit=3 oom=true");
    assertThat(printed(ended, true))
        .isEqualTo(
            "{\"time\":\"2026-01-02T03:04:05Z\",\"event\":\"died\",\"container\":\"box\","
                + "\"exit\":\"3\",\"oom\":\"true\"}");
    EngineEvent hostile = new EngineEvent.ExecStarted(time, "box", "e", List.of("a\u001b[1m\nb"));
    assertThat(printed(hostile, false)).endsWith("exec box exec=e command=a?[1m b");
    assertThat(EventsCommand.filter(List.of("event=die", "event=oom", "container=box")))
        .isNotNull();
  }
}
