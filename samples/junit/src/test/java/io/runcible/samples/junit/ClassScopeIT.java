package io.runcible.samples.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Container;
import io.runcible.junit.EnabledIfContainersAvailable;
import io.runcible.junit.HostPort;
import io.runcible.junit.RunContainer;
import io.runcible.junit.presets.Postgres;
import java.io.IOException;
import java.sql.SQLException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import redis.clients.jedis.Jedis;

/**
 * One container of each kind for all tests of the class, in static fields, removed after the last
 * test. What tests share they tidy up themselves.
 */
@EnabledIfContainersAvailable
class ClassScopeIT {
  /** A preset knows when its server is ready, and its URL. The image has no password. */
  @RegisterExtension
  static final Postgres DB =
      Postgres.of(System.getProperty("registry") + "/test:postgres")
          .database("postgres")
          .user("postgres", "unused")
          .with(spec -> spec.memory("256m"));

  @RunContainer(image = "${registry}/test:redis", ports = "6379", memory = "64m")
  static Container cache;

  private static Orders orders;

  /** The containers run when the first of one's own methods is called. */
  @BeforeAll
  static void loadSchema() throws IOException, SQLException {
    String url = DB.jdbcUrl() + "?user=" + DB.user();
    LoadSchema.into(url);
    orders = new Orders(url);
  }

  @BeforeEach
  void tidyUp(@HostPort("cache:6379") int port) throws SQLException {
    orders.cancel("grace");
    try (Jedis client = new Jedis("127.0.0.1", port)) {
      client.flushAll();
    }
  }

  @Test
  void keepsOrders() throws SQLException {
    orders.add("grace", "coffee");
    assertThat(orders.of("grace")).containsExactly("coffee");
  }

  @Test
  void keepsOrdersOfSeveralProducts() throws SQLException {
    orders.add("grace", "tea");
    orders.add("grace", "bread");
    assertThat(orders.of("grace")).containsExactly("tea", "bread");
  }

  @Test
  void countsVisits(@HostPort("cache:6379") int port) {
    try (Jedis client = new Jedis("127.0.0.1", port)) {
      assertThat(client.incr("visits")).isEqualTo(1);
      assertThat(client.incr("visits")).isEqualTo(2);
    }
  }
}
