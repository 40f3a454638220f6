package io.runcible.junit.presets;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import io.runcible.junit.AbstractContainerExtension;
import java.time.Duration;
import java.util.Optional;

/**
 * An Elasticsearch node. The image takes its settings from the environment. It is ready when its
 * cluster is yellow or green.
 */
public final class Elasticsearch extends AbstractContainerExtension<Elasticsearch> {
  private static final int PORT = 9200;

  private final String image;

  private Elasticsearch(String image) {
    super("elasticsearch");
    this.image = image;
  }

  /** One node, without encryption and passwords, with 512 MiB of heap. */
  public static Elasticsearch of(String image) {
    return new Elasticsearch(image);
  }

  @Override
  protected ContainerSpec spec(ContainerEngine engine) {
    return ContainerSpec.builder(image)
        .environment("discovery.type", "single-node")
        .environment("xpack.security.enabled", "false")
        .environment("ES_JAVA_OPTS", "-Xms512m -Xmx512m")
        .publish(PORT)
        .build();
  }

  @Override
  protected Optional<Ready> defaultReady(ContainerSpec spec) {
    return Optional.of(
        Ready.onHttp(PORT, "/_cluster/health?wait_for_status=yellow&timeout=1s")
            .within(Duration.ofMinutes(2)));
  }

  /** {@code http://host:port}. */
  public String url() {
    return "http://" + address(PORT);
  }
}
