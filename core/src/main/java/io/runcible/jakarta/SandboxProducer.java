package io.runcible.jakarta;

import io.runcible.engine.ContainerEngine;
import io.runcible.sandbox.Sandbox;
import io.runcible.sandbox.SandboxProfile;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.Typed;
import jakarta.enterprise.inject.spi.InjectionPoint;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.Executor;

/** The sandboxes of the application: one for each declaration. */
@Singleton
class SandboxProducer {
  private static final String EXECUTOR = "runcible.executor";

  /** Of every server that has Jakarta Concurrency. */
  private static final String DEFAULT_EXECUTOR = "java:comp/DefaultManagedExecutorService";

  private final ContainerEngine engine;
  private final Settings settings = Settings.ofApplication();
  private final Shared<InSandbox, Sandbox> sandboxes = new Shared<>();

  @Inject
  SandboxProducer(EngineProducer producer) {
    engine = producer.engine();
    producer.closeBefore(sandboxes::close);
  }

  @Produces
  @InSandbox("")
  @Typed(Sandbox.class)
  Sandbox sandbox(InjectionPoint point) {
    InSandbox wanted =
        point.getQualifiers().stream()
            .filter(InSandbox.class::isInstance)
            .map(InSandbox.class::cast)
            .findFirst()
            .orElseThrow();
    return sandboxes.get(wanted, this::make);
  }

  private Sandbox make(InSandbox wanted) {
    Sandbox.Builder sandbox =
        Sandbox.builder(settings.resolve(wanted.value()))
            .engine(engine)
            .profile(profile(wanted))
            .threads(ManagedThreads.of(settings));
    ServerResources.find(settings, EXECUTOR, DEFAULT_EXECUTOR, Executor.class)
        .ifPresent(sandbox::executor);
    if (wanted.warm() >= 0) {
      sandbox.warm(wanted.warm());
    }
    if (wanted.maxRunning() != 0) {
      sandbox.maxRunning(wanted.maxRunning());
    }
    if (wanted.maxQueued() != 0) {
      sandbox.maxQueued(wanted.maxQueued());
    }
    return sandbox.build();
  }

  private static SandboxProfile profile(InSandbox wanted) {
    SandboxProfile.Builder profile = SandboxProfile.untrusted().toBuilder();
    if (!wanted.memory().isEmpty()) {
      profile.memory(wanted.memory());
    }
    if (wanted.cpus() != 0) {
      profile.cpus(wanted.cpus());
    }
    if (wanted.pids() != 0) {
      profile.pids(wanted.pids());
    }
    if (wanted.timeoutMillis() != 0) {
      profile.timeout(Duration.ofMillis(wanted.timeoutMillis()));
    }
    if (wanted.outputLimit() != 0) {
      profile.outputLimit(wanted.outputLimit());
    }
    if (wanted.acceptMissingLimits()) {
      profile.acceptMissingLimits();
    }
    return profile.build();
  }

  @PreDestroy
  void close() {
    sandboxes.close();
  }
}
