package io.runcible.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Configurations, and plugins that are scripts. */
@EnabledOnOs(OS.LINUX)
class CniPluginsTest {
  private static final String LIST =
      "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"plugins\":[{\"type\":\"one\",\"x\":1},"
          + "{\"type\":\"two\",\"capabilities\":{\"portMappings\":true}}]}";

  @TempDir Path directory;

  private CniPlugins plugins;

  @BeforeEach
  void makePlugins() {
    plugins = new CniPlugins(List.of(directory.resolve("none"), directory), Duration.ofSeconds(30));
  }

  private static CniConfiguration list() {
    return CniConfiguration.parse(LIST, "test");
  }

  private CniPlugins.Attachment attachment() {
    return new CniPlugins.Attachment(
        "id",
        Optional.of(directory),
        "eth0",
        List.of(
            PortBinding.parse("127.0.0.1:8080:80/tcp").get(0),
            PortBinding.tcp(53).withHostPort(5353)));
  }

  private void plugin(String name, String script) throws IOException {
    Path file = Files.writeString(directory.resolve(name), "#!/bin/sh\n" + script + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** A plugin that keeps what it was given, and answers. */
  private void recorder(String name, String answer) throws IOException {
    plugin(
        name,
        "d="
            + directory
            + "; { echo $CNI_COMMAND $CNI_CONTAINERID $CNI_NETNS $CNI_IFNAME; cat; echo; } >>$d/"
            + name
            + ".log; echo '"
            + answer
            + "'");
  }

  private List<String> log(String name) throws IOException {
    return Files.readAllLines(directory.resolve(name + ".log"));
  }

  private static void assertFails(ErrorKind kind, ThrowingCallable call, String... words) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            RuncibleException.class,
            e -> {
              assertThat(e.kind()).as("%s", e).isEqualTo(kind);
              assertThat(e.getMessage()).contains(words);
            });
  }

  @Test
  void eachPluginHasTheResultOfTheOneBefore() throws IOException {
    recorder("one", "{\"ips\":[{\"address\":\"10.1.2.3/24\"}],\"first\":1}");
    recorder("two", "{\"ips\":[{\"address\":\"10.1.2.3/24\"},{\"address\":\"fd00::2/64\"}]}");
    JsonNode result = plugins.add(list(), attachment());
    assertThat(CniResult.of(result).addresses())
        .extracting(address -> address.getHostAddress())
        .containsExactly("10.1.2.3", "fd00:0:0:0:0:0:0:2");
    plugins.check(list(), attachment(), result);
    plugins.delete(list(), attachment(), result);
    assertThat(log("one").get(0)).isEqualTo("ADD id " + directory + " eth0");
    JsonNode first = new JsonMapper().readTree(log("one").get(1));
    assertThat(first.path("name").asText()).isEqualTo("net");
    assertThat(first.path("cniVersion").asText()).isEqualTo("1.0.0");
    assertThat(first.path("x").asInt()).isEqualTo(1);
    assertThat(first.has("prevResult")).isFalse();
    assertThat(first.has("runtimeConfig")).isFalse();
    JsonNode second = new JsonMapper().readTree(log("two").get(1));
    assertThat(second.path("prevResult").path("first").asInt()).isEqualTo(1);
    assertThat(second.has("capabilities")).isFalse();
    assertThat(second.at("/runtimeConfig/portMappings/0/hostIP").asText()).isEqualTo("127.0.0.1");
    assertThat(second.at("/runtimeConfig/portMappings/1/hostPort").asInt()).isEqualTo(5353);
    assertThat(log("two").get(2)).startsWith("CHECK id");
    assertThat(log("two").get(4)).startsWith("DEL id");
    assertThat(new JsonMapper().readTree(log("one").get(5)).path("prevResult")).isEqualTo(result);
  }

  @Test
  void messageOfThePluginIsTold() throws IOException {
    plugin("one", "printf %s '{\"code\":7,\"msg\":\"no\\nroom\",\"details\":\"left\"}'; exit 1");
    assertFails(
        ErrorKind.UNAVAILABLE,
        () -> plugins.add(list(), attachment()),
        "'one'",
        "ADD",
        "no room: left");
    plugin("one", "echo broken >&2; exit 3");
    assertFails(ErrorKind.UNAVAILABLE, () -> plugins.add(list(), attachment()), "broken");
  }

  @Test
  void pluginThatIsMissingIsNamed() {
    assertFails(ErrorKind.UNSUPPORTED, () -> plugins.add(list(), attachment()), "'one'", "apt-get");
  }

  @Test
  void allAreAskedToUndoAlsoAfterAFailure() throws IOException {
    recorder("one", "");
    plugin("two", "echo '{\"code\":1,\"msg\":\"stuck\"}'; exit 1");
    assertFails(
        ErrorKind.UNAVAILABLE, () -> plugins.delete(list(), attachment(), null), "two", "stuck");
    assertThat(log("one").get(0)).startsWith("DEL");
  }

  @Test
  void answerWithoutEndAndSilenceAreRefused() throws IOException {
    recorder("two", "{}");
    plugin("one", "head -c 3000000 /dev/zero | tr '\\0' x");
    assertFails(ErrorKind.UNAVAILABLE, () -> plugins.add(list(), attachment()), "no end");
    for (String answer : List.of("", "nothing", "[]", "{\"ips\":")) {
      plugin("one", "echo '" + answer + "'");
      assertFails(ErrorKind.UNAVAILABLE, () -> plugins.add(list(), attachment()), "no result");
    }
    plugin("one", "exec sleep 60");
    CniPlugins hasty = new CniPlugins(List.of(directory), Duration.ofMillis(200));
    assertFails(ErrorKind.TIMEOUT, () -> hasty.add(list(), attachment()), "did not end");
  }

  @Test
  void answerTooLongToBePassedOnIsUndoneWithoutIt() throws IOException {
    recorder("one", "{}");
    recorder("two", "{\"long\":\"" + "x".repeat(100_000) + "\"}");
    JsonNode result = plugins.add(list(), attachment());
    assertFails(
        ErrorKind.INVALID_INPUT, () -> plugins.check(list(), attachment(), result), "CHECK");
    plugins.delete(list(), attachment(), result);
    for (String name : List.of("one", "two")) {
      assertThat(log(name).get(2)).startsWith("DEL id");
      assertThat(new JsonMapper().readTree(log(name).get(3)).has("prevResult")).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"ips\":[{\"address\":\"somewhere\"}]}",
        "{\"ips\":[{}]}",
        "{\"dns\":{\"nameservers\":[\"10.0.0.1\\nnameserver 6.6.6.6\"]}}",
        "{\"dns\":{\"nameservers\":[\"10.0.0.1\"],\"search\":[\"a\\nb\"]}}",
        "{\"dns\":{\"nameservers\":[\"10.0.0.1\"],\"options\":[\"a b\"]}}"
      })
  void resultThatLiesIsRefused(String result) throws IOException {
    JsonNode json = new JsonMapper().readTree(result);
    assertThatThrownBy(() -> CniResult.of(json)).isInstanceOf(RuncibleException.class);
  }

  @Test
  void resultMayHaveNameServers() throws IOException {
    JsonNode json =
        new JsonMapper()
            .readTree(
                "{\"dns\":{\"nameservers\":[\"10.0.0.1\"],\"search\":[\"a.example\",\"b\"],"
                    + "\"options\":[\"ndots:2\"]}}");
    assertThat(CniResult.of(json).resolver())
        .containsExactly("nameserver 10.0.0.1", "search a.example b", "options ndots:2");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"a/b\",\"type\":\"x\"}",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"a\",\"type\":\"../x\"}",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"a\"}",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"a\",\"plugins\":[]}",
        "{\"cniVersion\":\"1.0.0\",\"name\":\"a\",\"plugins\":[1]}"
      })
  void configurationThatIsNoneIsRefused(String text) {
    assertFails(ErrorKind.INVALID_INPUT, () -> CniConfiguration.parse(text, "here"), "here");
  }

  @Test
  void otherVersionsAreNotSupported() {
    String old = LIST.replace("1.0.0", "0.2.0");
    assertFails(ErrorKind.UNSUPPORTED, () -> CniConfiguration.parse(old, "here"), "0.2.0");
    assertThat(CniConfiguration.parse(LIST.replace("1.0.0", "0.3.1"), "x").checks()).isFalse();
    assertThat(list().checks()).isTrue();
    assertThat(list().publishes()).isTrue();
  }

  @Test
  void networkIsFoundByItsNameBesideBrokenOnes() throws IOException {
    Files.writeString(directory.resolve("10-broken.conflist"), "{");
    Files.writeString(directory.resolve("20-net.conflist"), LIST);
    Files.writeString(
        directory.resolve("30-single.conf"),
        "{\"cniVersion\":\"0.4.0\",\"name\":\"single\",\"type\":\"one\"}");
    assertThat(CniConfiguration.find("net", directory).plugins()).hasSize(2);
    assertThat(CniConfiguration.find("single", directory).plugins()).hasSize(1);
    assertFails(
        ErrorKind.NOT_FOUND, () -> CniConfiguration.find("other", directory), "net", "single");
    assertFails(
        ErrorKind.NOT_FOUND, () -> CniConfiguration.of(directory + "/none"), directory + "/none");
  }
}
