package io.runcible.junit.presets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.ContainerProcess;
import io.runcible.junit.EnabledIfContainersAvailable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.Socket;
import java.net.URI;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Presets whose images no packages of Debian make. Each is tested where a system property has the
 * name of its image: {@code -Dpreset.kafka=registry.example/apache/kafka:4.1.1}.
 */
@EnabledIfContainersAvailable
class ForeignPresets {
  private static String image(String preset) {
    return System.getProperty("preset." + preset, "registry.example/" + preset);
  }

  /** Of a request that has to succeed. */
  private static String answer(String method, String url, String type, String body)
      throws IOException {
    HttpURLConnection request = (HttpURLConnection) URI.create(url).toURL().openConnection();
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

  private static void keepsDocuments(String url) throws IOException {
    String json = "application/json";
    answer("PUT", url + "/things/_doc/1?refresh=true", json, "{\"name\":\"first\"}");
    assertThat(answer("GET", url + "/things/_search?q=name:first", json, ""))
        .contains("\"_id\":\"1\"");
  }

  @Nested
  @EnabledIfSystemProperty(named = "preset.elasticsearch", matches = ".+")
  class OfElasticsearch {
    @RegisterExtension final Elasticsearch elasticsearch = Elasticsearch.of(image("elasticsearch"));

    @Test
    void keepsADocument() throws IOException {
      keepsDocuments(elasticsearch.url());
    }
  }

  @Nested
  @EnabledIfSystemProperty(named = "preset.opensearch", matches = ".+")
  class OfOpenSearch {
    @RegisterExtension final OpenSearch openSearch = OpenSearch.of(image("opensearch"));

    @Test
    void keepsADocument() throws IOException {
      keepsDocuments(openSearch.url());
    }
  }

  @Nested
  @EnabledIfSystemProperty(named = "preset.keycloak", matches = ".+")
  class OfKeycloak {
    @RegisterExtension
    final Keycloak keycloak = Keycloak.of(image("keycloak")).administrator("root", "secret");

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
  @EnabledIfSystemProperty(named = "preset.mysql", matches = ".+")
  class OfMySql {
    @RegisterExtension
    final MySql mySql = MySql.of(image("mysql")).database("shop").user("owner", "secret");

    @Test
    void hasItsDatabaseAndItsUser() throws IOException {
      try (ContainerProcess process =
          mySql
              .container()
              .exec(
                  "mysql",
                  "-h127.0.0.1",
                  "-uowner",
                  "-psecret",
                  "-Ne",
                  "select 6 * 7, database()",
                  "shop")) {
        assertThat(new String(process.stdout().readAllBytes(), UTF_8).strip())
            .isEqualTo("42\tshop");
      }
    }
  }

  @Nested
  @EnabledIfSystemProperty(named = "preset.mongodb", matches = ".+")
  class OfMongoDb {
    @RegisterExtension final MongoDb mongoDb = MongoDb.of(image("mongodb"));

    /** An OP_MSG with the document {@code {hello: 1, $db: "admin"}}. */
    @Test
    void answersAClient() throws IOException {
      URI url = URI.create(mongoDb.url("test"));
      try (Socket socket = new Socket(url.getHost(), url.getPort())) {
        byte[] document = "\20hello\0\1\0\0\0\2$db\0\6\0\0\0admin\0\0".getBytes(UTF_8);
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        int size = 4 + document.length;
        out.writeInt(Integer.reverseBytes(16 + 4 + 1 + size));
        out.writeInt(Integer.reverseBytes(1));
        out.writeInt(0);
        out.writeInt(Integer.reverseBytes(2013));
        out.writeInt(0);
        out.writeByte(0);
        out.writeInt(Integer.reverseBytes(size));
        out.write(document);
        DataInputStream in = new DataInputStream(socket.getInputStream());
        int length = Integer.reverseBytes(in.readInt());
        assertThat(new String(in.readNBytes(length - 4), UTF_8)).contains("isWritablePrimary");
      }
    }
  }

  @Nested
  @EnabledIfSystemProperty(named = "preset.kafka", matches = ".+")
  class OfKafka {
    @RegisterExtension final Kafka kafka = Kafka.of(image("kafka"));

    /** A Metadata request of version 5, for all topics; its answer lists the brokers. */
    @Test
    void tellsClientsThePortOfTheHost() throws IOException {
      URI url = URI.create("kafka://" + kafka.bootstrapServers());
      try (Socket socket = new Socket(url.getHost(), url.getPort())) {
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        out.writeInt(2 + 2 + 4 + 2 + 4 + 1);
        out.writeShort(3);
        out.writeShort(5);
        out.writeInt(7);
        out.writeShort(-1);
        out.writeInt(-1);
        out.writeByte(0);
        DataInputStream in = new DataInputStream(socket.getInputStream());
        in.readInt();
        assertThat(in.readInt()).isEqualTo(7);
        in.readInt();
        assertThat(in.readInt()).as("brokers").isEqualTo(1);
        in.readInt();
        assertThat(in.readUTF()).isEqualTo(url.getHost());
        assertThat(in.readInt()).isEqualTo(url.getPort());
      }
    }
  }
}
