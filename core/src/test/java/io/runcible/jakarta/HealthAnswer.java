package io.runcible.jakarta;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponse.Status;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;

/** Stands for an implementation of MicroProfile Health. */
final class HealthAnswer extends HealthCheckResponseBuilder {
  private final Map<String, Object> data = new TreeMap<>();
  private String name = "";
  private boolean up;

  @Override
  public HealthCheckResponseBuilder name(String name) {
    this.name = name;
    return this;
  }

  @Override
  public HealthCheckResponseBuilder withData(String key, String value) {
    data.put(key, value);
    return this;
  }

  @Override
  public HealthCheckResponseBuilder withData(String key, long value) {
    data.put(key, value);
    return this;
  }

  @Override
  public HealthCheckResponseBuilder withData(String key, boolean value) {
    data.put(key, value);
    return this;
  }

  @Override
  public HealthCheckResponseBuilder up() {
    return status(true);
  }

  @Override
  public HealthCheckResponseBuilder down() {
    return status(false);
  }

  @Override
  public HealthCheckResponseBuilder status(boolean up) {
    this.up = up;
    return this;
  }

  @Override
  public HealthCheckResponse build() {
    return new HealthCheckResponse(name, up ? Status.UP : Status.DOWN, Optional.of(data));
  }
}
