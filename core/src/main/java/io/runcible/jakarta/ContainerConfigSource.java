package io.runcible.jakarta;

import java.util.Map;
import java.util.Set;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.jspecify.annotations.Nullable;

/** The addresses of named containers, above the files of the application. */
final class ContainerConfigSource implements ConfigSource {
  private static final int ORDINAL = 250;

  private final PublishedPorts ports;

  ContainerConfigSource(PublishedPorts ports) {
    this.ports = ports;
  }

  @Override
  public Map<String, String> getProperties() {
    return Map.copyOf(ports.values());
  }

  @Override
  public Set<String> getPropertyNames() {
    return Set.copyOf(ports.values().keySet());
  }

  @Override
  public @Nullable String getValue(String key) {
    return ports.values().get(key);
  }

  @Override
  public String getName() {
    return "runcible containers";
  }

  @Override
  public int getOrdinal() {
    return ORDINAL;
  }
}
