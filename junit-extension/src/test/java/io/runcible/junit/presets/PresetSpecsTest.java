package io.runcible.junit.presets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.engine.ContainerSpec;
import io.runcible.network.Network;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.io.TempDir;

/** What presets give to images, where that is more than a name and a password. */
class PresetSpecsTest {
  @Test
  void brokerHasAListenerForItsNetwork() {
    Kafka kafka = Kafka.of("registry.example/kafka");
    ContainerSpec.Builder alone = ContainerSpec.builder("registry.example/kafka");
    names().forEach(name -> alone.environment(name, "A"));
    assertThat(kafka.complete(alone.build()).environment()).containsValues("A").hasSize(3);

    Network back = Network.named("back").withAlias("broker").withAlias("other");
    ContainerSpec completed = kafka.complete(alone.network(Network.BRIDGE, back).build());
    assertThat(names().map(completed.environment()::get))
        .containsExactly("A,NETWORK://:9095", "A,NETWORK://broker:9095", "A,NETWORK:PLAINTEXT");
    assertThat(completed.networks()).isEqualTo(List.of(Network.BRIDGE, back));
  }

  @Test
  void documentStoreIsAReplicaSetThatItsShellInitiates() {
    assertThat(MongoDb.spec("registry.example/mongo").command())
        .contains(List.of("mongod", "--replSet", "rs0", "--bind_ip_all"));
    assertThat(MongoDb.ready().toString())
        .contains("replSetInitiate: {_id: 'rs0', members: [{_id: 0, host: 'localhost:27017'}]}")
        .contains("quit(now.setName && now.ismaster ? 0 : 1)");
  }

  /** There listens the server for the scripts of the image, too. */
  @Test
  @DisabledOnOs(OS.WINDOWS)
  void documentStoreIsNotAskedOnLoopback(@TempDir Path directory) throws Exception {
    Path shell = directory.resolve("mongo");
    Files.writeString(shell, "#!/bin/sh\nuname -n; printf '%s\\n' \"$@\"\n");
    Files.setPosixFilePermissions(shell, PosixFilePermissions.fromString("rwx------"));
    ProcessBuilder asks = new ProcessBuilder("sh", "-c", MongoDb.ASK, "quit( 0 )");
    asks.environment().merge("PATH", directory + ":", (path, own) -> own + path);
    Process process = asks.redirectErrorStream(true).start();
    List<String> said = new String(process.getInputStream().readAllBytes(), UTF_8).lines().toList();
    assertThat(said).hasSize(8);
    assertThat(said.subList(1, 8))
        .containsExactly(
            "--quiet", "--host", said.get(0), "--port", "27017", "--eval", "quit( 0 )");
  }

  @Test
  void documentStoreHasNoUsers() {
    MongoDb mongo = MongoDb.of("registry.example/mongo");
    ContainerSpec spec = MongoDb.spec("registry.example/mongo");
    assertThat(mongo.complete(spec)).isSameAs(spec);
    assertThatThrownBy(
            () ->
                mongo.complete(
                    spec.toBuilder().environment("MONGO_INITDB_ROOT_USERNAME", "root").build()))
        .isInstanceOf(ExtensionConfigurationException.class)
        .hasMessageContainingAll("MONGO_INITDB_ROOT_USERNAME", "key file");
  }

  @Test
  void brokerHasOneAddressForItsNetworks() {
    ContainerSpec spec =
        ContainerSpec.builder("registry.example/kafka")
            .network(
                Network.named("back").withAlias("broker"),
                Network.named("front").withAlias("events"))
            .build();
    assertThatThrownBy(() -> Kafka.of("registry.example/kafka").complete(spec))
        .isInstanceOf(ExtensionConfigurationException.class)
        .hasMessageContaining("[back, front]");
  }

  private static Stream<String> names() {
    return Stream.of(
        "KAFKA_LISTENERS", "KAFKA_ADVERTISED_LISTENERS", "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP");
  }
}
