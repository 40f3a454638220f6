package io.runcible.junit.presets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.ContainerProcess;
import io.runcible.engine.ContainerSpec;
import io.runcible.junit.ContainerExtension;
import io.runcible.junit.EnabledIfContainersAvailable;
import io.runcible.junit.TestRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Presets of servers that Maven Central has, in images of our own, or in those that system
 * properties name: {@code -Dpreset.kafka=registry.example/apache/kafka:4.1.1}.
 */
@EnabledIfContainersAvailable
@Timeout(600)
class ServersIT {
  @RegisterExtension
  @Order(0)
  static final TestRegistry REGISTRY = TestRegistry.serve("../core/src/test/images/servers");

  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private static String image(String preset) {
    return System.getProperty("preset." + preset, REGISTRY.host() + "/test:" + preset);
  }

  /** Of a request that has to succeed. */
  static String answer(String method, String url, String type, String body) throws IOException {
    HttpURLConnection request = (HttpURLConnection) URI.create(url).toURL().openConnection();
    request.setConnectTimeout(Math.toIntExact(PATIENCE.toMillis()));
    request.setReadTimeout(Math.toIntExact(PATIENCE.toMillis()));
    request.setRequestMethod(method);
    if (!body.isEmpty()) {
      request.setDoOutput(true);
      request.setRequestProperty("Content-Type", type);
      request.getOutputStream().write(body.getBytes(UTF_8));
    }
    try (InputStream in = request.getInputStream()) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  static void keepsDocuments(String url) throws IOException {
    String json = "application/json";
    answer("PUT", url + "/things/_doc/1?refresh=true", json, "{\"name\":\"first\"}");
    assertThat(answer("GET", url + "/things/_search?q=name:first", json, ""))
        .contains("\"_id\":\"1\"");
  }

  @Nested
  class OfOpenSearch {
    @RegisterExtension final OpenSearch openSearch = OpenSearch.of(image("opensearch"));

    @Test
    void keepsADocument() throws IOException {
      keepsDocuments(openSearch.url());
    }
  }

  @Nested
  class OfKeycloak {
    @RegisterExtension
    final Keycloak keycloak =
        patient(Keycloak.of(image("keycloak")).administrator("root", "secret"));

    /** It builds itself, which takes long beside other tests. */
    private static Keycloak patient(Keycloak preset) {
      ContainerSpec any = ContainerSpec.builder("registry.example/any").build();
      return preset.ready(preset.defaultReady(any).orElseThrow().within(Duration.ofMinutes(5)));
    }

    @Test
    void givesItsAdministratorAToken() throws IOException {
      String form =
          "grant_type=password&client_id=admin-cli&username="
              + keycloak.user()
              + "&password="
              + keycloak.password();
      assertThat(
              answer(
                  "POST",
                  keycloak.issuer("master") + "/protocol/openid-connect/token",
                  "application/x-www-form-urlencoded",
                  form))
          .contains("access_token");
      assertThat(
              answer(
                  "GET", keycloak.issuer("master") + "/.well-known/openid-configuration", "", ""))
          .contains("\"issuer\":\"" + keycloak.issuer("master") + "\"");
    }
  }

  @Nested
  class OfKafka {
    @RegisterExtension
    static final Kafka KAFKA = Kafka.of(image("kafka")).network("events", "broker", "events");

    /** Which has what makes a client, and knows nothing but the network. */
    @RegisterExtension
    static final ContainerExtension NEIGHBOUR =
        ContainerExtension.of(
                ContainerSpec.builder(image("kafka")).entrypoint("sleep").command("600").build())
            .named("neighbour")
            .network("events")
            .dependsOn(KAFKA);

    @Test
    void keepsRecordsOfATransactionForAGroup() {
      Map<String, Object> server = Map.of("bootstrap.servers", KAFKA.bootstrapServers());
      Map<String, Object> writes = new HashMap<>(server);
      writes.put("transactional.id", "writer");
      StringSerializer out = new StringSerializer();
      try (KafkaProducer<String, String> producer = new KafkaProducer<>(writes, out, out)) {
        producer.initTransactions();
        producer.beginTransaction();
        Future<RecordMetadata> sent = producer.send(new ProducerRecord<>("orders", "first", "1"));
        producer.commitTransaction();
        assertThat(sent).succeedsWithin(Duration.ZERO);
      }
      Map<String, Object> reads = new HashMap<>(server);
      reads.put("group.id", "readers");
      reads.put("auto.offset.reset", "earliest");
      reads.put("isolation.level", "read_committed");
      StringDeserializer in = new StringDeserializer();
      try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(reads, in, in)) {
        consumer.subscribe(List.of("orders"));
        List<String> found = new ArrayList<>();
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (found.isEmpty() && System.nanoTime() < end) {
          consumer
              .poll(Duration.ofNanos(end - System.nanoTime()))
              .forEach(one -> found.add(one.key() + "=" + one.value()));
        }
        assertThat(found).containsExactly("first=1");
        consumer.commitSync();
      }
    }

    /** It asks the broker at the address that this has told it. */
    @Test
    void isFoundByTheNetwork() throws IOException {
      assertThat(KAFKA.networkBootstrapServers()).isEqualTo("broker:9095");
      try (ContainerProcess process =
          NEIGHBOUR
              .container()
              .exec(
                  "sh",
                  "-c",
                  "exec java -XX:TieredStopAtLevel=1 -cp '/opt/kafka/libs/*' kafka.admin.ConfigCommand"
                      + " --bootstrap-server events:9095 --entity-type brokers --entity-name 1"
                      + " --describe --all 2>&1")) {
        String answer = new String(process.stdout().readAllBytes(), UTF_8);
        assertThat(answer).contains("transaction.state.log.min.isr=1");
        assertThat(process.waitFor().code()).isZero();
      }
    }
  }
}
