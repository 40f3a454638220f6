package io.runcible.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonRecordTest {
  private enum Kind {
    ONE,
    OTHER
  }

  private record Part(String name, int number) {
    Part {
      Objects.requireNonNull(name);
    }
  }

  private record Whole(
      String text,
      long many,
      boolean yes,
      Long maybe,
      Kind kind,
      List<Part> parts,
      Set<String> names,
      Map<String, List<String>> map,
      Part part) {}

  @TempDir Path directory;

  @Test
  void recordIsReadAsItWasWritten() {
    Whole whole =
        new Whole(
            "é\"\n",
            1L << 40,
            true,
            null,
            Kind.OTHER,
            List.of(new Part("a", -1), new Part("b", 2)),
            Set.of("x"),
            Map.of("k", List.of("v", "w")),
            new Part("", 0));
    Path file = directory.resolve("whole.json");

    JsonRecord.write(file, whole, true);

    assertThat(JsonRecord.read(file, Whole.class)).contains(whole);
  }

  @Test
  void unknownFieldIsIgnoredAndAnAbsentOneIsEmpty() throws Exception {
    assertThat(read("{\"later\":{\"a\":[1]},\"parts\":null,\"part\":{\"name\":\"n\"}}"))
        .contains(new Whole(null, 0, false, null, null, null, null, null, new Part("n", 0)));
    assertThat(JsonRecord.read(directory.resolve("absent.json"), Whole.class)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "{",
        // The parser takes it for an encoding that is none.
        "\0{\0\0",
        "{\"text\":1}",
        "{\"many\":1.5}",
        "{\"many\":\"1\"}",
        "{\"many\":99999999999999999999}",
        "{\"kind\":\"NONE\"}",
        "{\"parts\":{}}",
        "{\"map\":[]}",
        "{\"part\":{\"number\":1}}",
        "{\"part\":{\"name\":\"n\",\"number\":3000000000}}",
      })
  void whatIsNoRecordOfThisTypeIsDamaged(String text) {
    assertThatExceptionOfType(RuncibleException.class)
        .isThrownBy(() -> read(text))
        .matches(e -> e.kind() == ErrorKind.CORRUPT_DATA)
        .withMessageContaining("is not a valid Whole");
  }

  private Optional<Whole> read(String text) throws Exception {
    return JsonRecord.read(Files.writeString(directory.resolve("read.json"), text), Whole.class);
  }
}
