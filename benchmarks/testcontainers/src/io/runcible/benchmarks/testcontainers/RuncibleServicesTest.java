package io.runcible.benchmarks.testcontainers;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.runcible.engine.Container;
import io.runcible.junit.HostPort;
import io.runcible.junit.RunContainer;
import java.sql.Connection;
import java.sql.Statement;
import org.junit.jupiter.api.Test;

/** A test class as users write it; the comparison makes ten of it. */
class RuncibleServicesTest {
  @RunContainer(image = Side.REDIS, ports = "6379")
  static Container redis;

  @RunContainer(image = Side.POSTGRES, ports = "5432", readyLog = Side.ACCEPTS)
  static Container postgres;

  @Test
  void redisKeepsAValue(@HostPort("redis:6379") int port) throws Exception {
    Client.redis(port, "SET key value\r\nGET key\r\n", "+OK\r\n$5\r\nvalue\r\n");
  }

  @Test
  void postgresKeepsRows(@HostPort("postgres:5432") int port) throws Exception {
    try (Connection connection = Client.connect(port);
        Statement statement = connection.createStatement()) {
      statement.execute("create table things (name text)");
      statement.execute("insert into things values ('one'), ('two')");
      assertTrue(statement.execute("select * from things"));
    }
  }

  @Test
  void bothAnswer(@HostPort("redis:6379") int cache, @HostPort("postgres:5432") int db)
      throws Exception {
    Client.use("redis", cache);
    Client.use("postgres", db);
  }
}
