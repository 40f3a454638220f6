package io.runcible.junit.presets;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import io.runcible.junit.AbstractContainerExtension;
import java.time.Duration;
import java.util.Optional;

/**
 * An OpenSearch node. The image takes its settings from the environment. It is ready when its
 * cluster is yellow or green.
 */
public final class OpenSearch extends AbstractContainerExtension<OpenSearch> {
  private static final int PORT = 9200;

  private final String image;

  private OpenSearch(String image) {
    super("opensearch");
    this.image = image;
  }

  /** One node, without encryption and passwords, with 512 MiB of heap. */
  public static OpenSearch of(String image) {
    return new OpenSearch(image);
  }

  @Override
  protected ContainerSpec spec(ContainerEngine engine) {
    return ContainerSpec.builder(image)
        .environment("discovery.type", "single-node")
        .environment("DISABLE_SECURITY_PLUGIN", "true")
        .environment("DISABLE_INSTALL_DEMO_CONFIG", "true")
        .environment("OPENSEARCH_JAVA_OPTS", "-Xms512m -Xmx512m")
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
