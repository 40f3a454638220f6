package io.runcible.samples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.samples.cli.Sample.Ended;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What is told of things, under the names of fields that scripts know. */
@Execution(ExecutionMode.CONCURRENT)
class InspectIT extends ProgramTests {
  private JsonNode inspected(String... arguments) throws Exception {
    Ended ended = runcible("inspect", arguments);
    assertThat(ended.code()).as("%s", ended).isZero();
    return new ObjectMapper().readTree(ended.output());
  }

  @Test
  void containerHasTheFieldsOfDocker() throws Exception {
    Path host = Files.createDirectory(directory.resolve("host"));
    String[] run = {
      "-d",
      "--name",
      "box",
      "-v",
      "data:/data:ro",
      "-v",
      host + ":/host",
      "--tmpfs",
      "/memory",
      "-e",
      "A=b",
      "-l",
      "c=d",
      "-w",
      "/bin",
      "--restart",
      "on-failure:3",
      image,
      "/bin/sh",
      "-c",
      "trap 'exit 0' TERM; echo up; while :; do /bin/sleep 0.1; done"
    };
    assertThat(runcible("run", run).code()).isZero();
    long begin = System.nanoTime();
    while (!runcible("logs", "box").output().contains("up")) {
      assertThat(System.nanoTime() - begin).isLessThan(Duration.ofMinutes(2).toNanos());
    }
    JsonNode all = inspected("box");
    assertThat(all).hasSize(1);
    JsonNode box = all.get(0);
    assertThat(box.path("Id").asText()).isEqualTo("box");
    assertThat(box.path("Image").asText()).isEqualTo(image);
    JsonNode state = box.path("State");
    assertThat(state.path("Status").asText()).isEqualTo("running");
    assertThat(state.path("Running").asBoolean()).isTrue();
    assertThat(ProcessHandle.of(state.path("Pid").asLong())).isPresent();
    assertThat(state.path("StartedAt").asText()).startsWith("20");
    JsonNode config = box.path("Config");
    assertThat(config.path("Cmd").get(0).asText()).isEqualTo("/bin/sh");
    assertThat(config.path("Env")).extracting(JsonNode::asText).contains("A=b");
    assertThat(config.path("Labels").path("c").asText()).isEqualTo("d");
    assertThat(config.path("WorkingDir").asText()).isEqualTo("/bin");
    JsonNode mounts = box.path("Mounts");
    assertThat(mounts.findValuesAsText("Destination"))
        .containsExactlyInAnyOrder("/data", "/host", "/memory");
    assertThat(mounts.findValuesAsText("Type"))
        .containsExactlyInAnyOrder("volume", "bind", "tmpfs");
    assertThat(mounts.findValuesAsText("Name")).containsExactly("data");
    assertThat(mounts.findValuesAsText("Source")).contains(host.toString());
    assertThat(mounts.findValuesAsText("RW")).containsExactlyInAnyOrder("false", "true", "true");
    assertThat(box.path("HostConfig").path("Binds"))
        .extracting(JsonNode::asText)
        .containsExactlyInAnyOrder("data:/data:ro", host + ":/host");
    assertThat(state.path("Health").isNull()).isTrue();
    String empty =
        "{{.State.Error}}{{.LogPath}}{{range .Config.Entrypoint}}x{{end}}"
            + "{{range .Config.ExposedPorts}}x{{end}}{{.HostConfig.NetworkMode}}"
            + "{{if and .State.Health (ne .State.Health.Status `healthy`)}}x{{end}}";
    assertThat(runcible("inspect", "-f", empty, "box").output()).isEqualTo("\n");
    JsonNode policy = box.path("HostConfig").path("RestartPolicy");
    assertThat(policy.path("Name").asText()).isEqualTo("on-failure");
    assertThat(policy.path("MaximumRetryCount").asInt()).isEqualTo(3);
    assertThat(runcible("stop", "box").code()).isZero();
    assertThat(
            runcible("inspect", "-f", "{{.State.Status}} {{.State.Pid}} {{.State.ExitCode}}", "box")
                .output())
        .isEqualTo("exited 0 0\n");
    assertThat(runcible("rm", "box").code()).isZero();
  }

  @Test
  void addressesAreThoseOfTheNetworks() throws Exception {
    String[] make = {"--internal", "back"};
    assertThat(sub("network", "create", make).code()).isZero();
    try {
      String[] run = {
        "-d",
        "--name",
        "box",
        "--network",
        "back",
        "--health-cmd",
        "true",
        image,
        "/bin/sleep",
        "600"
      };
      assertThat(runcible("run", run).code()).isZero();
      JsonNode network = inspected("box").get(0).path("NetworkSettings");
      JsonNode back = inspected("back").get(0);
      String address = back.path("Containers").path("box").path("Addresses").path(0).asText("none");
      assertThat(network.path("IPAddress").asText()).isEqualTo(address);
      assertThat(network.path("Networks").path("back").path("IPAddress").asText())
          .isEqualTo(address);
      assertThat(back.path("Name").asText()).isEqualTo("back");
      assertThat(back.path("Subnets").path(0).path("Subnet").asText()).contains("/");
      String format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
      assertThat(runcible("inspect", "-f", format, "box").output()).isEqualTo(address + "\n");
      String health = "{{if .State.Health}}{{.State.Health.Status}}{{end}}";
      assertThat(runcible("inspect", "-f", health, "box").output()).isIn("starting\n", "healthy\n");
      String mode = "{{.HostConfig.NetworkMode}}";
      assertThat(runcible("inspect", "-f", mode, "box").output()).isEqualTo("back\n");
      assertThat(runcible("rm", "-f", "box").code()).isZero();
    } finally {
      assertThat(sub("network", "rm", "-f", "back").code()).isZero();
    }
  }

  @Test
  void portsAreThoseOfTheHost() throws Exception {
    assumeTrue(
        Stream.of("/etc", "/dev/net/tun").anyMatch(path -> Files.isWritable(Path.of(path))),
        "an ordinary user publishes ports through /dev/net/tun");
    assertThat(sub("network", "create", "out").code()).isZero();
    try {
      String[] run = {
        "-d", "--name", "box", "--network", "out", "-p", "80", image, "/bin/sleep", "600"
      };
      assertThat(runcible("run", run).code()).isZero();
      String format =
          "{{range .NetworkSettings.Ports}}{{(index . 0).HostIp}}:{{(index . 0).HostPort}}{{end}}";
      assertThat(runcible("inspect", "-f", format, "box").output())
          .isEqualTo(runcible("port", "box", "80").output())
          .startsWith("127.0.0.1:");
      assertThat(runcible("rm", "-f", "box").code()).isZero();
    } finally {
      assertThat(sub("network", "rm", "-f", "out").code()).isZero();
    }
  }

  @Test
  void severalThingsOfAnyKindAreOneList() throws Exception {
    assertThat(runcible("pull", image).code()).isZero();
    assertThat(runcible("create", "--name", "box", image, "/bin/true").code()).isZero();
    assertThat(sub("volume", "create", "Data").code()).isZero();
    JsonNode all = inspected("box", image, "Data");
    assertThat(all).hasSize(3);
    JsonNode stored = all.get(1);
    assertThat(stored.path("RepoTags").get(0).asText()).isEqualTo(image);
    assertThat(stored.path("Id").asText() + "\n")
        .isEqualTo(runcible("images", "--format", "{{.ID}}").output());
    assertThat(stored.path("RootFS").path("Layers")).hasSize(1);
    assertThat(all.get(2).path("Name").asText()).isEqualTo("Data");
    String each = "{{.Id}}";
    assertThat(runcible("inspect", "-f", each, "--type", "image", image).output())
        .isEqualTo(stored.path("Id").asText() + "\n");
    // What is not there keeps the others from nothing.
    Ended partly = runcible("inspect", "-f", "{{.Name}}", "-t", "container", "box", "Data");
    assertThat(partly.code()).isEqualTo(125);
    assertThat(partly.output()).isEqualTo("box\n");
    assertThat(partly.errors()).isEqualTo("runcible: there is no container 'Data' here\n");
    assertThat(runcible("inspect", "--config", image, "box").code()).isEqualTo(2);
    // Nothing but a location is looked for elsewhere.
    assertThat(runcible("rmi", image).code()).isZero();
    Ended none = runcible("inspect", image);
    assertThat(none.code()).isEqualTo(125);
    assertThat(none.output()).isEqualTo("[ ]\n");
    assertThat(none.errors()).contains("'" + image + "' here; docker://").hasLineCount(1);
    Ended unclear = runcible("inspect", "-f", "{{.Id", "none", "box");
    assertThat(unclear.errors()).contains("braces").hasLineCount(1);
    assertThat(runcible("inspect", "-f", "{{.Id}}", image).output()).isEmpty();
    assertThat(runcible("inspect", "--raw", image).code()).isEqualTo(125);
    // Of a registry it is what the registry has.
    assertThat(runcible("inspect", "-f", "{{.mediaType}}", "docker://" + image).output())
        .startsWith("application/vnd.oci.image.manifest");
    assertThat(runcible("rm", "box").code()).isZero();
  }
}
