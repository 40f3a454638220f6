package io.runcible.samples.recipes;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Priming;
import io.runcible.engine.Ready;
import io.runcible.junit.Primer;
import io.runcible.junit.RunContainer;
import io.runcible.junit.presets.Postgres;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The examples of the guide to JUnit tests; compiled, and not run: they need a registry. */
final class PrimedDatabase {
  private PrimedDatabase() {}

  static class LoadSchema implements Primer<Container> {
    @Override
    public void prime(Container db) throws Exception {
      db.files().copyTo(Path.of("src/test/resources/schema.sql"), "/tmp/schema.sql");
      int code = db.exec("psql", "-U", "shop", "-f", "/tmp/schema.sql").waitFor().code();
      assertThat(code).isZero();
    }

    @Override
    public List<String> resources() {
      return List.of("schema.sql");
    }
  }

  static class OrderTest {
    @RunContainer(
        image = "registry.example/postgres:16",
        environment = {"POSTGRES_USER=shop", "POSTGRES_PASSWORD=secret"},
        ports = "5432",
        prime = LoadSchema.class)
    Container db;

    @Test
    void beginsWithTheSchemaAndNothingElse() {}
  }

  static class PresetTest {
    @RegisterExtension
    static final Postgres DB =
        Postgres.of("registry.example/postgres:16").prime("shop 3", PresetTest::fill);

    static void fill(Postgres db) {
      String table = "create table orders (id int primary key)";
      int code = db.container().exec("psql", "-U", db.user(), "-c", table).waitFor().code();
      assertThat(code).isZero();
    }
  }

  static ContainerSpec inAProgram(ContainerEngine engine, ContainerSpec postgres) {
    Priming shop =
        Priming.of(
                "shop schema",
                db -> {
                  db.start();
                  db.awaitReady(Ready.onPort(5432));
                  db.exec("psql", "-c", "create table orders (id int primary key)").waitFor();
                })
            .input(Path.of("schema.sql"));
    return engine.prime(postgres, shop);
  }
}
