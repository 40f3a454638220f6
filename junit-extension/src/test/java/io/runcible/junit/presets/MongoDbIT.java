package io.runcible.junit.presets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Filters;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Mount;
import io.runcible.junit.EnabledIfContainersAvailable;
import io.runcible.junit.TestRegistry;
import java.io.File;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.bson.Document;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The clients' side of the preset: there is no image of the server here. One that speaks its
 * protocol stands for it, and for its shell something that only connects where the preset says; so
 * nothing is seen of the replica set. {@link ForeignPresets} has the real one.
 */
@EnabledIfContainersAvailable
class MongoDbIT {
  @RegisterExtension
  @Order(0)
  static final TestRegistry REGISTRY = TestRegistry.serve("../core/src/test/images/servers");

  /** It is called as {@code mongosh --quiet --host HOST --port PORT --eval PROGRAM}. */
  private static final String SHELL =
      "#!/bin/bash\n[[ $7 == *replSetInitiate* ]] && exec 3<>/dev/tcp/$3/$5\n";

  @RegisterExtension
  @Order(1)
  static final MongoDb MONGO = MongoDb.of(REGISTRY.host() + "/test:java").with(MongoDbIT::add);

  private static void add(ContainerSpec.Builder spec) {
    String server =
        "#!/bin/sh\nexec java -XX:TieredStopAtLevel=1 -cp '/server/*:/server/classes' "
            + MongoServerProgram.class.getName()
            + " \"$@\"\n";
    spec.mount(Mount.file(server.getBytes(UTF_8), "/usr/bin/mongod", 0755))
        .mount(Mount.file(SHELL.getBytes(UTF_8), "/usr/bin/mongosh", 0755));
    Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
        .map(Path::of)
        .filter(
            entry -> entry.getFileName().toString().matches("(mongo-java|netty|slf4j-api).*\\.jar"))
        .forEach(jar -> spec.mount(Mount.bind(jar, "/server/" + jar.getFileName()).readOnly()));
    Path classes =
        Path.of(
            MongoServerProgram.class.getProtectionDomain().getCodeSource().getLocation().getPath());
    spec.mount(Mount.bind(classes, "/server/classes").readOnly());
  }

  @Test
  void clientFindsWhatItKeeps() {
    assertThat(MONGO.container().logs().text()).contains("--replSet rs0 --bind_ip_all");
    try (MongoClient client = MongoClients.create(MONGO.url("shop"))) {
      MongoCollection<Document> orders = client.getDatabase("shop").getCollection("orders");
      orders.insertOne(new Document("customer", "ada").append("product", "tea"));
      Document found = orders.find(Filters.eq("customer", "ada")).first();
      assertThat(found).containsEntry("product", "tea");
    }
    assertThat(MONGO.connection().orElseThrow().url()).isEqualTo(MONGO.url("test"));
  }
}
