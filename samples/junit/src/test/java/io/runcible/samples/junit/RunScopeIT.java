package io.runcible.samples.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Container;
import io.runcible.junit.EnabledIfContainersAvailable;
import io.runcible.junit.HostUrl;
import io.runcible.junit.NamedContainer;
import java.net.URI;
import java.sql.SQLException;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;

/**
 * Containers that all test classes of the run share, with {@link RunScopeTooIT}. Nobody tidies up:
 * each test works on names that no other test has, and so they may even run at the same time.
 */
@EnabledIfContainersAvailable
@ShopServices
class RunScopeIT {
  private static final String DATABASE = "jdbc:postgresql://db:5432/postgres?user=postgres";

  /** The containers that test classes have seen. */
  static final Set<String> SEEN = ConcurrentHashMap.newKeySet();

  private final String customer = "customer-" + UUID.randomUUID();

  @Test
  void keepsOrders(@HostUrl(DATABASE) String url) throws SQLException {
    Orders orders = new Orders(url);
    orders.add(customer, "coffee");
    assertThat(orders.of(customer)).containsExactly("coffee");
  }

  @Test
  void countsVisits(@HostUrl("redis://cache:6379") URI url) {
    try (Jedis client = new Jedis(url)) {
      assertThat(client.incr(customer)).isEqualTo(1);
    }
  }

  @Test
  void isTheSameContainerInAllClasses(@NamedContainer("db") Container db) {
    SEEN.add(db.id());
    assertThat(SEEN).hasSize(1);
  }
}
