package io.runcible.samples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.samples.cli.Sample.Ended;
import java.nio.file.Files;
import java.nio.file.Path;
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
      "trap 'exit 0' TERM; while :; do /bin/sleep 0.1; done"
    };
    assertThat(runcible("run", run).code()).isZero();
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
  void addressesAndPortsAreThoseOfTheNetwork() throws Exception {
    assertThat(sub("network", "create", "--subnet", "10.9.23.0/24", "back").code()).isZero();
    try {
      String[] create = {
        "-d",
        "--name",
        "box",
        "--network",
        "back",
        "--ip",
        "10.9.23.7",
        "-p",
        "80",
        image,
        "/bin/sleep",
        "600"
      };
      assertThat(runcible("run", create).code()).isZero();
      JsonNode network = inspected("box").get(0).path("NetworkSettings");
      assertThat(network.path("IPAddress").asText()).isEqualTo("10.9.23.7");
      assertThat(network.path("Networks").path("back").path("IPAddress").asText())
          .isEqualTo("10.9.23.7");
      String format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
      assertThat(runcible("inspect", "-f", format, "box").output()).isEqualTo("10.9.23.7\n");
      JsonNode port = network.path("Ports").path("80/tcp").get(0);
      assertThat(runcible("port", "box", "80").output())
          .isEqualTo(port.path("HostIp").asText() + ":" + port.path("HostPort").asText() + "\n");
      assertThat(runcible("rm", "-f", "box").code()).isZero();
    } finally {
      assertThat(sub("network", "rm", "-f", "back").code()).isZero();
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
    assertThat(partly.errors()).isEqualTo("runcible: there is no container 'Data'\n");
    assertThat(runcible("inspect", "--config", image, "box").code()).isEqualTo(2);
    // Of a registry it is what the registry has.
    assertThat(runcible("inspect", "-f", "{{.mediaType}}", "docker://" + image).output())
        .startsWith("application/vnd.oci.image.manifest");
    assertThat(runcible("rm", "box").code()).isZero();
  }
}
