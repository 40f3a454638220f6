package io.runcible.benchmarks.testcontainers;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;
import org.testcontainers.junit.jupiter.Testcontainers;

/** The same for Testcontainers, which starts both at the same time, too. */
@Testcontainers(parallel = true)
class TestcontainersServicesTest {
  @Container
  static GenericContainer<?> redis = new GenericContainer<>(Side.REDIS).withExposedPorts(6379);

  @Container
  static GenericContainer<?> postgres =
      new GenericContainer<>(Side.POSTGRES)
          .withExposedPorts(5432)
          .waitingFor(Wait.forLogMessage(".*" + Side.ACCEPTS + ".*", 1));

  @Test
  void redisKeepsAValue() throws Exception {
    int port = redis.getMappedPort(6379);
    Client.redis(port, "SET key value\r\nGET key\r\n", "+OK\r\n$5\r\nvalue\r\n");
  }

  @Test
  void postgresKeepsRows() throws Exception {
    try (Connection connection = Client.connect(postgres.getMappedPort(5432));
        Statement statement = connection.createStatement()) {
      statement.execute("create table things (name text)");
      statement.execute("insert into things values ('one'), ('two')");
      assertTrue(statement.execute("select * from things"));
    }
  }

  @Test
  void bothAnswer() throws Exception {
    Client.use("redis", redis.getMappedPort(6379));
    Client.use("postgres", postgres.getMappedPort(5432));
  }
}
