package io.runcible.samples.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Container;
import io.runcible.junit.EnabledIfContainersAvailable;
import io.runcible.junit.HostUrl;
import io.runcible.junit.RunContainer;
import java.net.URI;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;

/**
 * Containers of their own for each test, in instance fields: whatever a test does to them, the next
 * one does not see. Both start at the same time.
 *
 * <p>A database that is filled once and copied, by {@code prime}, makes that cheap.
 */
@EnabledIfContainersAvailable
class MethodScopeIT {
  private static final String DATABASE = "jdbc:postgresql://db:5432/postgres?user=postgres";

  @RunContainer(
      image = "${registry}/test:postgres",
      ports = "5432",
      ready = "exec:pg_isready -q -h 127.0.0.1",
      prime = LoadSchema.class)
  Container db;

  @RunContainer(image = "${registry}/test:redis", ports = "6379", memory = "64m")
  Container cache;

  /** In such a text, {@code db:5432} becomes the address that publishes that port. */
  @Test
  void mayRemoveWhatIsInTheDatabase(@HostUrl(DATABASE) String url) throws SQLException {
    Orders orders = new Orders(url);
    orders.cancel("ada");
    assertThat(orders.of("ada")).isEmpty();
  }

  @Test
  void beginsWithTheSchemaAndItsRows(@HostUrl(DATABASE) String url) throws SQLException {
    Orders orders = new Orders(url);
    orders.add("ada", "milk");
    assertThat(orders.of("ada")).containsExactly("tea", "cake", "milk");
  }

  /** A container can be asked, too; and a parameter is a container for one test as well. */
  @Test
  void hasACacheOfItsOwn(
      @HostUrl("redis://cache:6379") URI url,
      @RunContainer(image = "${registry}/test:redis", ports = "6379", name = "second")
          Container second) {
    try (Jedis one = new Jedis(url);
        Jedis other = new Jedis("127.0.0.1", second.hostPort(6379))) {
      one.set("key", "value");
      assertThat(other.get("key")).isNull();
    }
  }
}
