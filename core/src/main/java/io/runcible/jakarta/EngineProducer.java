package io.runcible.jakarta;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.EngineBuilder;
import io.runcible.registry.RegistryClient;
import io.runcible.registry.RegistryConfiguration;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.Typed;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The engine of the application: opened when it is first asked for, closed with the application.
 */
@Singleton
class EngineProducer {
  private final List<Runnable> before = new CopyOnWriteArrayList<>();
  private @Nullable RegistryClient registry;
  private @Nullable ContainerEngine engine;
  private volatile boolean wanted;

  @Produces
  @Singleton
  @Typed(ContainerEngine.class)
  synchronized ContainerEngine engine() {
    wanted = true;
    ContainerEngine opened = engine;
    if (opened == null) {
      opened = builder().build();
      engine = opened;
    }
    return opened;
  }

  /** What opens an engine of the application: that one, or another with the same settings. */
  synchronized EngineBuilder builder() {
    Settings settings = Settings.ofApplication();
    EngineBuilder builder = ContainerEngine.builder();
    EngineSettings.apply(settings, builder);
    Optional<Path> conf = settings.get(EngineSettings.REGISTRIES_CONF).map(Path::of);
    if (registry == null && conf.isPresent()) {
      registry =
          RegistryClient.builder().registries(RegistryConfiguration.file(conf.get())).build();
    }
    return registry == null ? builder : builder.registry(registry);
  }

  /** Whether anything of the application has asked for the engine, opened or not. */
  boolean isWanted() {
    return wanted;
  }

  /**
   * Closes what uses the engine, before the engine; in which order its own bean is destroyed, is
   * the container's choice. Called twice, it does nothing.
   */
  void closeBefore(Runnable close) {
    before.add(close);
  }

  /** Removes all containers of the application, too. */
  @PreDestroy
  void close() {
    try {
      // Without the lock: what ends there may ask for the engine once more.
      before.forEach(Runnable::run);
    } finally {
      closeEngine();
    }
  }

  private synchronized void closeEngine() {
    try {
      if (engine != null) {
        engine.close();
      }
    } finally {
      if (registry != null) {
        registry.close();
      }
    }
  }
}
