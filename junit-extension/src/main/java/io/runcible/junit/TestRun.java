package io.runcible.junit;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Capabilities;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.ExtensionContext.StoreScope;
import org.opentest4j.TestAbortedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What all tests of a run share; the engine is opened at the first use. */
final class TestRun implements AutoCloseable {
  static final Namespace NAMESPACE = Namespace.create(RunContainerExtension.class);

  private static final Logger LOG = LoggerFactory.getLogger(TestRun.class);
  private static final String UNAVAILABLE = "runcible.unavailable";
  private static final String KEEP = "runcible.keep.seconds";

  private final LogForwarder logs = new LogForwarder();
  private final List<Kept> kept = new CopyOnWriteArrayList<>();
  private final TestNetworks networks = new TestNetworks(this);
  private final TestVolumes volumes = new TestVolumes(this);
  private final Duration keepFor;
  private final boolean skipUnavailable;
  private volatile @Nullable Capabilities host;
  private @Nullable ContainerEngine engine;

  /** A container that goes on, and what its owner would have done at its end. */
  private record Kept(Container container, Runnable remove) {}

  private TestRun(ExtensionContext context) {
    keepFor =
        Duration.ofSeconds(context.getConfigurationParameter(KEEP, Long::parseLong).orElse(0L));
    skipUnavailable =
        context.getConfigurationParameter(UNAVAILABLE).filter("skip"::equals).isPresent();
  }

  static TestRun of(ExtensionContext context) {
    return store(context)
        .getOrComputeIfAbsent(TestRun.class, key -> new TestRun(context), TestRun.class);
  }

  /** The store of the launcher's session or, on a platform without, of the engine's run. */
  static Store store(ExtensionContext context) {
    try {
      return context.getStore(StoreScope.LAUNCHER_SESSION, NAMESPACE);
    } catch (LinkageError e) {
      return context.getRoot().getStore(NAMESPACE);
    }
  }

  /** Not in a function of a store, which may hold locks meanwhile. */
  synchronized ContainerEngine engine() {
    ContainerEngine known = engine;
    if (known == null) {
      known = ContainerEngine.create();
      engine = known;
      networks.removeOrphans(known);
      volumes.removeOrphans(known);
      ReusedContainer.removeOrphans(known);
    }
    return known;
  }

  LogForwarder logs() {
    return logs;
  }

  TestNetworks networks() {
    return networks;
  }

  TestVolumes volumes() {
    return volumes;
  }

  /** Says what a host lacks, if that is why something failed. */
  RuntimeException explained(RuntimeException failure) {
    Optional<String> lacking = missing();
    if (lacking.isEmpty()) {
      return failure;
    }
    if (skipUnavailable) {
      return new TestAbortedException(lacking.get(), failure);
    }
    return new RuncibleException(ErrorKind.UNSUPPORTED, lacking.get(), failure);
  }

  /**
   * What this host lacks to run containers; empty for nothing. Looked at once: it takes processes,
   * and each class and test asks.
   */
  Optional<String> missing() {
    Capabilities known = host;
    if (known == null) {
      known = ContainerEngine.capabilities();
      host = known;
    }
    return missing(known);
  }

  private static Optional<String> missing(Capabilities host) {
    if (host.canRun()) {
      return Optional.empty();
    }
    return Optional.of(
        "this host cannot run containers: "
            + host.features().stream()
                .filter(feature -> !feature.available())
                .map(feature -> feature.name() + ": " + feature.detail())
                .collect(Collectors.joining("; ")));
  }

  boolean skipsUnavailable() {
    return skipUnavailable;
  }

  boolean keepsFailed() {
    return !keepFor.isZero();
  }

  /** Lets it run on until the run ends, and has it removed then. */
  void keep(Container container, Runnable remove) {
    kept.add(new Kept(container, remove));
  }

  @Override
  public synchronized void close() {
    // Whatever cannot be removed: containers of the engine may not outlive it.
    try (ContainerEngine last = engine) {
      try {
        endKept();
      } finally {
        logs.close();
      }
      if (last != null) {
        try {
          networks.close();
        } finally {
          volumes.close();
        }
      }
    }
  }

  private void endKept() {
    long deadline = System.nanoTime() + keepFor.toNanos();
    for (Kept one : kept) {
      LOG.warn("waiting for the end of {}, at most {}", one.container(), keepFor);
      try {
        var unused = one.container().waitFor(Duration.ofNanos(deadline - System.nanoTime()));
      } catch (RuntimeException e) {
        LOG.warn("cannot wait for the end of {}", one.container(), e);
      }
      try {
        one.remove().run();
      } catch (RuntimeException e) {
        LOG.warn("cannot remove {}", one.container(), e);
      }
    }
  }
}
