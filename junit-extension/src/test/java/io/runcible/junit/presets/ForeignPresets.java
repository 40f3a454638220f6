package io.runcible.junit.presets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.ContainerProcess;
import io.runcible.junit.EnabledIfContainersAvailable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Presets of servers that neither Debian's packages nor Maven Central have. Each is tested where a
 * system property has the name of its image: {@code -Dpreset.mysql=registry.example/mysql:8.4}.
 */
@EnabledIfContainersAvailable
class ForeignPresets {
  private static String image(String preset) {
    return System.getProperty("preset." + preset, "registry.example/" + preset);
  }

  @Nested
  @EnabledIfSystemProperty(named = "preset.elasticsearch", matches = ".+")
  class OfElasticsearch {
    @RegisterExtension final Elasticsearch elasticsearch = Elasticsearch.of(image("elasticsearch"));

    @Test
    void keepsADocument() throws IOException {
      ServersIT.keepsDocuments(elasticsearch.url());
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
}
