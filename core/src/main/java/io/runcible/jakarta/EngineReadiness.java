package io.runcible.jakarta;

import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.Health;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.Map;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/**
 * Ready while the engine can be opened, and the named containers of the application run. An
 * application that has asked for neither is ready: it may be one of many that share the library,
 * and the host be one without containers.
 */
@Readiness
@Singleton
class EngineReadiness implements HealthCheck {
  private final EngineProducer engine;
  private final ApplicationContainers containers;
  private final boolean counts = Settings.ofApplication().isOn("runcible.readiness", true);

  @Inject
  EngineReadiness(EngineProducer engine, ApplicationContainers containers) {
    this.engine = engine;
    this.containers = containers;
  }

  @Override
  public HealthCheckResponse call() {
    HealthCheckResponseBuilder response = HealthCheckResponse.named("runcible");
    if (!counts || !engine.isWanted()) {
      return response.up().build();
    }
    try {
      engine.engine();
    } catch (RuncibleException e) {
      return response.down().withData("engine", String.valueOf(e.getMessage())).build();
    }
    boolean up = true;
    for (Map.Entry<String, Container> named : containers.named().entrySet()) {
      String state = state(named.getValue());
      response.withData(named.getKey(), state);
      up &= !state.equals("ended") && !state.equals("unhealthy");
    }
    return response.status(up).build();
  }

  private static String state(Container container) {
    if (!container.isRunning()) {
      return "ended";
    }
    return container.health().status() == Health.Status.UNHEALTHY ? "unhealthy" : "running";
  }
}
