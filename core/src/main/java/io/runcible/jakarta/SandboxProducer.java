package io.runcible.jakarta;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
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

  private static final String IMAGE = "runcible.sandbox.image";

  private static final InSandbox USUAL = Usual.class.getAnnotation(InSandbox.class);

  private final EngineProducer engines;
  private final Settings settings = Settings.ofApplication();
  private final Shared<InSandbox, Sandbox> sandboxes = new Shared<>();

  @Inject
  SandboxProducer(EngineProducer producer) {
    engines = producer;
    producer.closeBefore(sandboxes::close);
  }

  @Produces
  @InSandbox("")
  @Typed(Sandbox.class)
  Sandbox sandbox(InjectionPoint point) {
    return sandboxes.get(declaration(point), this::make);
  }

  /** Produced where the application has none of its own: the extensions see to that. */
  @Typed(Sandbox.class)
  Sandbox usual() {
    return sandboxes.get(USUAL, this::make);
  }

  /** What a place says of the sandbox that it is given. */
  static InSandbox declaration(InjectionPoint point) {
    return point.getQualifiers().stream()
        .filter(InSandbox.class::isInstance)
        .map(InSandbox.class::cast)
        .findFirst()
        .orElse(USUAL);
  }

  /**
   * The image of a declaration.
   *
   * @throws RuncibleException INVALID_INPUT if that needs a setting that there is not
   */
  static String image(InSandbox wanted, Settings settings) {
    if (!wanted.value().isEmpty()) {
      return settings.resolve(wanted.value());
    }
    return settings
        .get(IMAGE)
        .orElseThrow(
            () ->
                new RuncibleException(
                    ErrorKind.INVALID_INPUT,
                    "an injected sandbox has no image: set '"
                        + IMAGE
                        + "', or name one where it is injected: @InSandbox(\"debian\")"));
  }

  private Sandbox make(InSandbox wanted) {
    Sandbox.Builder sandbox =
        Sandbox.builder(image(wanted, settings))
            .profile(profile(wanted))
            .threads(ManagedThreads.of(settings));
    if (wanted.runtime().isEmpty()) {
      sandbox.engine(engines.engine());
    } else {
      sandbox.engine(engines.builder());
    }
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
    if (!wanted.runtime().isEmpty()) {
      profile.runtime(wanted.runtime());
    }
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

  /** What is injected without a declaration. */
  @InSandbox
  private static final class Usual {}

  @PreDestroy
  void close() {
    sandboxes.close();
  }
}
