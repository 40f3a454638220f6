package io.runcible.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageConfigTest {
  private static final Digest DIFF_ID = Digest.sha256(new byte[0]);
  private static final String HEAD =
      "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\""
          + DIFF_ID
          + "\"]}";

  private static ImageConfig parse(String json) {
    return ImageConfig.parse(json.getBytes(UTF_8));
  }

  private static ImageConfig with(String config) {
    return parse(HEAD + ",\"config\":" + config + "}");
  }

  private static void assertInvalid(String json, String reason) {
    assertThatThrownBy(() -> parse(json))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT))
        .hasMessageContaining(reason);
  }

  @Nested
  class Reading {
    @Test
    void aFullConfiguration() {
      String json =
          HEAD
              + """
              , "created": "2024-02-03T04:05:06.789+02:00", "variant": "v2", "history": [{}],
                "config": {
                  "Entrypoint": ["/bin/tool", "-x"], "Cmd": ["run", ""], "User": "1000:users",
                  "Env": ["PATH=/bin", "EMPTY=", "ODD", "A=b=c"], "WorkingDir": "/srv",
                  "StopSignal": "SIGQUIT", "Volumes": {"/data": {}, "/a": null},
                  "ExposedPorts": {"80/tcp": {}}, "Labels": {"k": "v"}, "Shell": ["/bin/ash"],
                  "Healthcheck": {"Test": ["NONE"]}, "OnBuild": null
                }}
              """;
      ImageConfig config = parse(json);
      assertThat(config.raw()).isEqualTo(json.getBytes(UTF_8));
      assertThat(config.digest()).isEqualTo(Digest.sha256(json.getBytes(UTF_8)));
      assertThat(config.platform()).hasToString("linux/amd64/v2");
      assertThat(config.created()).contains(Instant.parse("2024-02-03T02:05:06.789Z"));
      assertThat(config.diffIds()).containsExactly(DIFF_ID);
      assertThat(config.entrypoint()).containsExactly("/bin/tool", "-x");
      assertThat(config.command()).containsExactly("run", "");
      assertThat(config.environment()).containsExactly("PATH=/bin", "EMPTY=", "ODD", "A=b=c");
      assertThat(config.user()).contains("1000:users");
      assertThat(config.workingDirectory()).contains("/srv");
      assertThat(config.stopSignal()).contains("SIGQUIT");
      assertThat(config.volumes()).containsExactly("/data", "/a");
      assertThat(config.exposedPorts()).containsExactly("80/tcp");
      assertThat(config.labels()).isEqualTo(Map.of("k", "v"));
      assertThat(config.shell()).containsExactly("/bin/ash");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "null",
          "{}",
          "{\"Entrypoint\":null,\"Cmd\":null,\"Env\":null,\"User\":\"\",\"WorkingDir\":\"\","
              + "\"StopSignal\":\"\",\"Volumes\":null,\"ExposedPorts\":null,\"Labels\":null}"
        })
    void nothingToSay(String json) {
      ImageConfig config = with(json);
      assertThat(config.entrypoint()).isEmpty();
      assertThat(config.command()).isEmpty();
      assertThat(config.environment()).isEmpty();
      assertThat(config.user()).isEmpty();
      assertThat(config.workingDirectory()).isEmpty();
      assertThat(config.stopSignal()).isEmpty();
      assertThat(config.volumes()).isEmpty();
      assertThat(config.labels()).isEmpty();
      assertThat(config.created()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
      "0001-01-01T00:00:00Z, 0001-01-01T00:00:00Z",
      "2024-02-03T04:05:06.123456789Z, 2024-02-03T04:05:06.123456789Z",
      "1970-01-01T00:00:00-00:00, 1970-01-01T00:00:00Z",
    })
    void times(String text, Instant time) {
      assertThat(parse(HEAD + ",\"created\":\"" + text + "\"}").created()).contains(time);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "yesterday", "2024-02-03", "2024-02-30T00:00:00Z", "1700000000"})
    void whatIsNoTimeIsNoError(String text) {
      assertThat(parse(HEAD + ",\"created\":\"" + text + "\"}").created()).isEmpty();
    }

    @Test
    void nothingCanBeChanged() {
      ImageConfig config = with("{\"Env\":[\"A=1\"],\"Labels\":{},\"Volumes\":{}}");
      assertThatThrownBy(() -> config.environment().add("B=2"))
          .isInstanceOf(UnsupportedOperationException.class);
      assertThatThrownBy(() -> config.labels().put("a", "b"))
          .isInstanceOf(UnsupportedOperationException.class);
      assertThatThrownBy(() -> config.volumes().add("/"))
          .isInstanceOf(UnsupportedOperationException.class);
    }
  }

  @Nested
  class Refusals {
    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "{\"Entrypoint\":\"/bin/sh\"}|'Entrypoint'",
          "{\"Entrypoint\":[1]}|'Entrypoint'",
          "{\"Cmd\":[null]}|'Cmd'",
          "{\"Env\":{}}|'Env'",
          "{\"Env\":[[\"A=1\"]]}|'Env'",
          "{\"User\":0}|'User'",
          "{\"WorkingDir\":[]}|'WorkingDir'",
          "{\"StopSignal\":9}|'StopSignal'",
          "{\"Volumes\":[\"/data\"]}|Volumes",
          "{\"ExposedPorts\":\"80\"}|ExposedPorts",
          "{\"Labels\":{\"a\":1}}|'Labels'",
          "{\"Labels\":{\"a\":\"1\",\"a\":\"2\"}}|Duplicate",
          "[]|config",
        })
    void wrongTypes(String config, String reason) {
      assertThatThrownBy(() -> with(config))
          .isInstanceOf(RuncibleException.class)
          .hasMessageContaining(reason);
    }

    @Test
    void missingParts() {
      assertInvalid("{}", "'architecture'");
      assertInvalid("{\"os\":\"linux\",\"architecture\":\"amd64\"}", "'rootfs'");
      assertInvalid(HEAD.replace("linux", "") + "}", "operating system");
      assertInvalid(HEAD.replace("amd64", "") + "}", "architecture");
      assertInvalid(HEAD.replace("\"layers\"", "\"other\"") + "}", "instead of 'layers'");
    }

    @Test
    void wrongDiffIds() {
      assertInvalid(HEAD.replace("sha256:", "sha256:x") + "}", "'diff_ids'");
      assertInvalid(HEAD.replace("sha256:", "../") + "}", "'diff_ids'");
      assertInvalid(
          HEAD.replace("[\"", "[\"" + (DIFF_ID + "\",\"").repeat(1000)) + "}", "more than 1000");
    }

    @Test
    void moreThanEightMebibytes() {
      String padding = " ".repeat(ImageConfig.MAX_SIZE - HEAD.length() - 1);
      assertThat(parse(HEAD + "}" + padding).diffIds()).hasSize(1);
      assertInvalid(HEAD + "}" + padding + " ", "at most 8388608");
    }
  }

  @Nested
  class Building {
    private final Platform platform = Platform.parse("linux/arm/v6");

    @Test
    void isReadBack() {
      ImageConfig config =
          ImageConfig.builder(platform)
              .created(Instant.EPOCH)
              .entrypoint("/bin/tool")
              .command("a", "b")
              .environment(List.of("A=1", "B=\u00fc"))
              .user("0")
              .workingDirectory("/w")
              .stopSignal("SIGINT")
              .volumes(Set.of("/v"))
              .exposedPorts(Set.of("1/tcp"))
              .labels(Map.of("l", "1"))
              .shell("/bin/sh", "-c")
              .diffIds(List.of(DIFF_ID))
              .build();
      assertThat(config.platform()).isEqualTo(platform);
      assertThat(config.created()).contains(Instant.EPOCH);
      assertThat(config.entrypoint()).containsExactly("/bin/tool");
      assertThat(config.command()).containsExactly("a", "b");
      assertThat(config.environment()).containsExactly("A=1", "B=\u00fc");
      assertThat(config.user()).contains("0");
      assertThat(config.workingDirectory()).contains("/w");
      assertThat(config.stopSignal()).contains("SIGINT");
      assertThat(config.volumes()).containsExactly("/v");
      assertThat(config.exposedPorts()).containsExactly("1/tcp");
      assertThat(config.labels()).containsExactly(Map.entry("l", "1"));
      assertThat(config.shell()).containsExactly("/bin/sh", "-c");
      assertThat(config.diffIds()).containsExactly(DIFF_ID);
      assertThat(config.descriptor().digest()).isEqualTo(config.digest());
    }

    @Test
    void theOrderOfSettingsDoesNotMatter() {
      ImageConfig one =
          ImageConfig.builder(platform)
              .user("0")
              .command("x")
              .labels(Map.of("a", "1", "b", "2"))
              .build();
      ImageConfig two =
          ImageConfig.builder(platform)
              .labels(Map.of("b", "2", "a", "1"))
              .command("y")
              .command("x")
              .user("0")
              .build();
      assertThat(one.raw()).isEqualTo(two.raw());
    }

    @Test
    void theLeastIsValid() {
      assertThat(ImageConfig.builder(platform).build().diffIds()).isEmpty();
    }

    @Test
    void aCopyKeepsWhatItDoesNotKnow() {
      ImageConfig base = with("{\"Healthcheck\":{\"Test\":[\"NONE\"]},\"Cmd\":[\"a\"]}");
      ImageConfig changed = base.toBuilder().command("b").build();
      assertThat(new String(changed.raw(), UTF_8))
          .contains("\"Healthcheck\":{\"Test\":[\"NONE\"]}");
      assertThat(changed.command()).containsExactly("b");
      assertThat(base.command()).containsExactly("a");
    }

    @Test
    void historySaysWhoChangedWhatAndWhy() {
      Instant time = Instant.parse("2026-01-02T03:04:05Z");
      ImageConfig.Builder builder = ImageConfig.builder(platform).history(time, "before", false);
      ImageConfig config =
          builder.author("Some One").comment("because").history(time, "x", false).build();
      assertThat(config.author()).contains("Some One");
      assertThat(config.comment()).contains("because");
      assertThat(new String(config.raw(), UTF_8))
          .contains("\"created_by\":\"before\",\"empty_layer\":true}")
          .contains(
              "{\"author\":\"Some One\",\"comment\":\"because\",\"created\":\"" + time + "\"");
      // Who changes it next is somebody else.
      ImageConfig next = config.toBuilder().history(time, "y", false).build();
      assertThat(new String(next.raw(), UTF_8))
          .contains("{\"created\":\"" + time + "\",\"created_by\":\"y\"");
      assertThat(config.toBuilder().comment("").build().comment()).isEmpty();
      assertThat(ImageConfig.builder(platform).build().author()).isEmpty();
    }

    @Test
    void aCopyOfNullFieldsCanBeSet() {
      ImageConfig base = parse(HEAD + ",\"config\":null}");
      assertThat(base.toBuilder().user("1").build().user()).contains("1");
    }
  }
}
