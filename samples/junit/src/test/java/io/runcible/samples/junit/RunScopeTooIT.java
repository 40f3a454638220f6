package io.runcible.samples.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Container;
import io.runcible.junit.EnabledIfContainersAvailable;
import io.runcible.junit.HostUrl;
import io.runcible.junit.NamedContainer;
import java.net.URI;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;

/** Another class with the containers of {@link RunScopeIT}, which have started by now, or start. */
@EnabledIfContainersAvailable
@ShopServices
class RunScopeTooIT {
  @Test
  void findsWhatItWroteItself(@HostUrl("redis://cache:6379") URI url) {
    try (Jedis client = new Jedis(url)) {
      client.set("RunScopeTooIT", "was here");
      assertThat(client.get("RunScopeTooIT")).isEqualTo("was here");
    }
  }

  @Test
  void isTheSameContainerInAllClasses(@NamedContainer("db") Container db) {
    RunScopeIT.SEEN.add(db.id());
    assertThat(RunScopeIT.SEEN).hasSize(1);
  }
}
