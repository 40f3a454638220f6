package io.runcible.jakarta;

import java.util.List;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.eclipse.microprofile.config.spi.ConfigSourceProvider;
import org.jspecify.annotations.Nullable;

/** Gives MicroProfile Config the ports of containers. Loaded by that; not for use in programs. */
@SuppressWarnings("exports")
public final class ContainerConfigSources implements ConfigSourceProvider {
  /** For the service loader. */
  public ContainerConfigSources() {}

  @Override
  public Iterable<ConfigSource> getConfigSources(@Nullable ClassLoader forClassLoader) {
    return List.of(
        new ContainerConfigSource(
            forClassLoader != null
                ? PublishedPorts.of(forClassLoader)
                : PublishedPorts.ofApplication()));
  }
}
