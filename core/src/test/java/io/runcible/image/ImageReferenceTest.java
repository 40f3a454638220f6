package io.runcible.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageReferenceTest {
  private static final String HEX =
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  private static final String DIGEST = "sha256:" + HEX;

  private static void assertRefused(String text, String... reasons) {
    assertThatThrownBy(() -> ImageReference.parse(text))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT))
        .message()
        .contains("is not an image reference")
        .contains(List.of(reasons))
        .doesNotContain("\n");
  }

  @Nested
  class Expansion {
    @ParameterizedTest
    @CsvSource({
      "redis, docker.io/library/redis:latest",
      "redis:7, docker.io/library/redis:7",
      "redis:7-alpine3.19, docker.io/library/redis:7-alpine3.19",
      "org/app, docker.io/org/app:latest",
      "org/team/app, docker.io/org/team/app:latest",
      "library/redis, docker.io/library/redis:latest",
      "docker.io/redis, docker.io/library/redis:latest",
      "docker.io/library/redis, docker.io/library/redis:latest",
      "index.docker.io/redis, docker.io/library/redis:latest",
      "INDEX.docker.io/redis, docker.io/library/redis:latest",
      "docker.io/org/app, docker.io/org/app:latest",
      "a, docker.io/library/a:latest",
      "0, docker.io/library/0:latest",
      "localhost, docker.io/library/localhost:latest",
      "localhost:5000, docker.io/library/localhost:5000",
      "localhost/app, localhost/app:latest",
      "LocalHost/app, localhost/app:latest",
      "localhost:5000/app, localhost:5000/app:latest",
      "redis:5000/app, redis:5000/app:latest",
      "redis:5000/app:2, redis:5000/app:2",
      "registry.example/app, registry.example/app:latest",
      "Registry.Example/app, registry.example/app:latest",
      "registry.example:443/a/b/c:v1, registry.example:443/a/b/c:v1",
      "127.0.0.1:5000/app, 127.0.0.1:5000/app:latest",
      "[::1]/app, [::1]/app:latest",
      "[::1]:5000/x, [::1]:5000/x:latest",
      "[::1]:5000/x:1, [::1]:5000/x:1",
      "[2001:DB8::1]:5000/x/y, [2001:db8::1]:5000/x/y:latest",
      "[1:2:3:4:5:6:7:8]/x, [1:2:3:4:5:6:7:8]/x:latest",
      "a.b/c.d_e__f-g---h/i, a.b/c.d_e__f-g---h/i:latest",
      "xn--bcher-kva.example/app, xn--bcher-kva.example/app:latest",
      "app:_x.Y-z, docker.io/library/app:_x.Y-z",
      "registry.example:65535/app, registry.example:65535/app:latest",
      "registry.example:1/app, registry.example:1/app:latest",
    })
    void givesTheFullForm(String text, String full) {
      ImageReference reference = ImageReference.parse(text);
      assertThat(reference).hasToString(full);
      assertThat(ImageReference.parse(full)).isEqualTo(reference).hasSameHashCodeAs(reference);
    }

    @Test
    void partsAreApart() {
      ImageReference reference = ImageReference.parse("[::1]:5000/team/app:1@" + DIGEST);
      assertThat(reference.registry()).isEqualTo("[::1]:5000");
      assertThat(reference.repository()).isEqualTo("team/app");
      assertThat(reference.name()).isEqualTo("[::1]:5000/team/app");
      assertThat(reference.tag()).contains("1");
      assertThat(reference.digest()).contains(Digest.parse(DIGEST));
    }

    @Test
    void latestIsNotAssumedBesideADigest() {
      ImageReference reference = ImageReference.parse("redis@" + DIGEST);
      assertThat(reference.tag()).isEmpty();
      assertThat(reference).hasToString("docker.io/library/redis@" + DIGEST);
      assertThat(ImageReference.parse(reference.toString())).isEqualTo(reference);
    }

    @Test
    void sha512IsADigestToo() {
      String digest = "sha512:" + HEX + HEX;
      assertThat(ImageReference.parse("redis:7@" + digest))
          .hasToString("docker.io/library/redis:7@" + digest);
    }
  }

  @Nested
  class Changes {
    private final ImageReference pinned = ImageReference.parse("registry.example/a:1@" + DIGEST);

    @Test
    void aNewTagDropsTheDigestThatWouldWin() {
      assertThat(pinned.withTag("2")).hasToString("registry.example/a:2");
    }

    @Test
    void aDigestKeepsTheTag() {
      Digest other = Digest.sha256(new byte[0]);
      assertThat(pinned.withDigest(other)).hasToString("registry.example/a:1@" + other);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".x", "-x", "a b", "a/b", "a:b", "a@b", "ä"})
    void anInvalidTagIsRefused(String tag) {
      assertThatThrownBy(() -> pinned.withTag(tag))
          .isInstanceOf(RuncibleException.class)
          .hasMessageContaining("tag");
    }
  }

  @Nested
  class Equality {
    @Test
    void tagAndDigestCount() {
      assertThat(ImageReference.parse("a:1"))
          .isNotEqualTo(ImageReference.parse("a:2"))
          .isNotEqualTo(ImageReference.parse("a:1@" + DIGEST))
          .isNotEqualTo(ImageReference.parse("localhost/library/a:1"))
          .isNotEqualTo("docker.io/library/a:1");
    }
  }

  @Nested
  class Refusals {
    @Test
    void emptyText() {
      assertRefused("", "empty");
    }

    @ParameterizedTest
    @CsvSource({
      "https://registry.example/app, leave out 'https://'",
      "docker://redis, leave out 'docker://'",
      "oci://x, leave out 'oci://'",
    })
    void schemes(String text, String reason) {
      assertRefused(text, reason);
    }

    @ParameterizedTest
    @CsvSource({
      "Redis, 'redis' is meant, (character 1)",
      "org/App:1, 'org/app' is meant, (character 5)",
      "Org/app, 'org/app' is meant, (character 1)",
      "registry.example/team/aPP, 'team/app' is meant, (character 24)",
    })
    void upperCaseWithAProposal(String text, String proposal, String position) {
      assertRefused(text, "lower case", proposal, position);
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "redis:|the tag is empty (character 7)",
          "redis:.x|a tag must not begin with '.' (character 7)",
          "redis:-x|a tag must not begin with '-' (character 7)",
          "redis:a b|a tag must not contain U+0020 (character 8)",
          "redis:a:b|a tag must not contain ':' (character 8)",
          "redis:a+b|a tag must not contain '+' (character 8)",
          "redis:é|U+00E9",
        })
    void tags(String text, String reason) {
      assertRefused(text, reason);
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "redis@|has no colon",
          "redis@sha256|has no colon",
          "redis@sha256:|64 hex digits",
          "redis@sha256:abc|64 hex digits",
          "redis@md5:d41d8cd98f00b204e9800998ecf8427e|neither sha256 nor sha512",
          "redis@latest:x|neither sha256 nor sha512",
        })
    void digests(String text, String reason) {
      assertRefused(text, "after the '@'", reason);
    }

    @Test
    void digestsInUpperCaseOrTwice() {
      assertRefused("redis@sha256:" + HEX.toUpperCase(Locale.ROOT), "lower-case hex");
      assertRefused("redis@" + DIGEST + "@" + DIGEST, "64 hex digits");
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "/redis|a part of the repository is empty",
          "redis/|ends with a separator",
          "a//b|empty",
          "registry.example//b|empty",
          "registry.example/|the name of the repository is missing",
          "registry.example/:1|the name of the repository is missing",
          ":1|the name of the repository is missing",
          "-redis|begins with a separator",
          "redis-|ends with a separator",
          "a/.b|begins with a separator",
          "a/_b|begins with a separator",
          "a-/b|ends with a separator",
          "a..b|dashes may stand together (character 2)",
          "registry.example/a..b|dashes may stand together (character 19)",
          "a___b|dashes may stand together",
          "a._b|dashes may stand together",
          "a-_b|dashes may stand together",
          "a b|U+0020",
          "a/b?c|'?'",
          "a/b%2fc|'%'",
          "a\\b|'\\'",
          "rédis|U+00E9",
          "registry.example/../x|ends with a separator",
          "registry.example/./x|ends with a separator",
        })
    void repositories(String text, String reason) {
      assertRefused(text, reason);
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "-a.example/x|begins or ends with '-'",
          "a-.example/x|begins or ends with '-'",
          "a..example/x|empty",
          ".example/x|empty",
          "example./x|empty",
          ":5000/x|empty",
          "../x|empty",
          "a_b.example/x|must not contain '_'",
          "user@registry.example/x|after the '@'",
          "registry.example:/x|port is not a number from 1 to 65535",
          "registry.example:0/x|port is not a number",
          "registry.example:65536/x|port is not a number",
          "registry.example:99999999999999999999/x|port is not a number",
          "registry.example:5a/x|port must not contain 'a'",
          "registry.example:50:0/x|port must not contain ':'",
          "[::1/x|not closed",
          "[::1|missing after the registry",
          "[::1]|missing after the registry",
          "[::1]:5000|missing after the registry",
          "[]/x|not an IPv6 address",
          "[:]/x|not an IPv6 address",
          "[:::]/x|not an IPv6 address",
          "[1::2::3]/x|not an IPv6 address",
          "[1:2:3]/x|not an IPv6 address",
          "[1:2:3:4:5:6:7:8:9]/x|not an IPv6 address",
          "[1:2:3:4:5:6:7::8]/x:[|a tag must not begin with '['",
          "[12345::]/x|not an IPv6 address",
          "[g::]/x|not an IPv6 address",
          "[fe80::1%eth0]/x|not an IPv6 address",
          "[::1]x/y|should follow the registry's address",
          "[::1]5000/y|should follow the registry's address",
        })
    void registries(String text, String reason) {
      assertRefused(text, reason);
    }

    @Test
    void idsOfImages() {
      assertRefused(HEX, "looks like the id of an image");
      assertThat(ImageReference.parse("registry.example/" + HEX).repository()).isEqualTo(HEX);
      assertThat(ImageReference.parse(HEX + "0").repository()).isEqualTo("library/" + HEX + "0");
    }

    @Test
    void controlCharactersAreNotRepeated() {
      assertRefused("a\nb", "U+000A");
      assertRefused(" a", "U+0020");
      assertRefused("\u001b[31m/b", "?[31m");
    }
  }

  @Nested
  class Limits {
    private String repository(int length) {
      return "registry.example/" + "a".repeat(length - "registry.example/".length());
    }

    @Test
    void aNameHas255Characters() {
      assertThat(ImageReference.parse(repository(255)).name()).hasSize(255);
      assertRefused(repository(256), "more than 255 characters");
    }

    @Test
    void theExpansionCounts() {
      String longest = "a".repeat(255 - "docker.io/library/".length());
      assertThat(ImageReference.parse(longest).name()).hasSize(255);
      assertRefused(longest + "a", "more than 255 characters");
    }

    @Test
    void aTagHas128Characters() {
      assertThat(ImageReference.parse("a:" + "t".repeat(128)).tag()).contains("t".repeat(128));
      assertRefused("a:" + "t".repeat(129), "more than 128 characters (character 131)");
    }

    @Test
    void longTextIsRefusedAndShortened() {
      assertThatThrownBy(() -> ImageReference.parse("a".repeat(10_000_000)))
          .message()
          .contains("more than 1024 characters")
          .hasSizeLessThan(300);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a-", "a_", "a.", "-", "_", "/", ":", "@", "[", "[:", "a/", "::"})
    void repetitionIsReadInLinearTime(String unit) {
      String text = "registry.example/" + unit.repeat(1000 / unit.length() - 10) + "!";
      Assertions.assertTimeoutPreemptively(
          Duration.ofSeconds(20),
          () -> {
            for (int i = 0; i < 1000; i++) {
              assertThatThrownBy(() -> ImageReference.parse(text))
                  .isInstanceOf(RuncibleException.class);
            }
          });
    }
  }

  @Test
  void whateverIsAcceptedIsReadBackEqual() {
    long seed = 20_240_607;
    Random random = new Random(seed);
    String alphabet = "ab0.-_/:@[]A ";
    int accepted = 0;
    for (int i = 0; i < 200_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int length = random.nextInt(12); length >= 0; length--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      try {
        ImageReference reference = ImageReference.parse(text.toString());
        accepted++;
        assertThat(ImageReference.parse(reference.toString()))
            .as("seed %d, text '%s'", seed, text)
            .isEqualTo(reference);
      } catch (RuncibleException e) {
        assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
      }
    }
    assertThat(accepted).isGreaterThan(1000);
  }
}
