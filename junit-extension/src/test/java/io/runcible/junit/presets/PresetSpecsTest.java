package io.runcible.junit.presets;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.ContainerSpec;
import io.runcible.network.Network;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

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
        .contains("command -v mongosh || command -v mongo")
        .contains("replSetInitiate: {_id: 'rs0', members: [{_id: 0, host: 'localhost:27017'}]}");
  }

  private static Stream<String> names() {
    return Stream.of(
        "KAFKA_LISTENERS", "KAFKA_ADVERTISED_LISTENERS", "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP");
  }
}
