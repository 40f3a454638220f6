package io.runcible.junit;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Priming;
import io.runcible.engine.Ready;
import io.runcible.junit.ContainerPlan.Surroundings;
import io.runcible.junit.RunContainer.Pull;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Makes, fills and starts one container, and waits until it is ready. */
final class ContainerStarter {
  private final TestRun run;
  private final ExtensionContext context;
  private final ContainerPlan plan;
  private final long begin = System.nanoTime();

  /** Ends the forwarding of what the container writes, if it was started here. */
  private @Nullable Runnable log;

  ContainerStarter(TestRun run, ExtensionContext context, ContainerPlan plan) {
    this.run = run;
    this.context = context;
    this.plan = plan;
  }

  /** Nothing is left if it fails. */
  StartedContainer start(Surroundings surroundings) {
    try {
      return startHere(surroundings);
    } catch (RuncibleException e) {
      throw run.explained(e);
    }
  }

  private StartedContainer startHere(Surroundings surroundings) {
    ContainerEngine engine = surroundings.engine();
    ContainerSpec wanted = plan.spec(surroundings);
    ContainerSpec spec = wanted;
    pull(engine, spec);
    List<ClassPathFile> files = plan.files(surroundings);
    Optional<PrimedState> state = plan.state();
    if (state.isPresent()) {
      spec = engine.prime(spec, priming(state.get(), files, plan.ready(spec)));
      files = List.of();
    }
    StartedContainer started = start(engine, spec, files);
    KnownImages.started(started.container(), wanted);
    return started;
  }

  private Priming priming(PrimedState state, List<ClassPathFile> files, Optional<Ready> ready) {
    return state.priming(
        files,
        container -> {
          try {
            start(container, files, ready);
            state.primer().prime(container);
          } catch (Exception | Error e) {
            FailureReport.publish(context, plan.name(), container, elapsed());
            throw e;
          } finally {
            endLog();
          }
        });
  }

  private StartedContainer start(
      ContainerEngine engine, ContainerSpec spec, List<ClassPathFile> files) {
    String key = plan.reuseKey(spec);
    if (!key.isEmpty()) {
      String whole = ReuseKey.withContent(key, files, plan.state());
      ReusedContainer.Use shared =
          ReusedContainer.join(engine, whole, spec, own -> create(engine, own, files));
      return started(shared.container(), shared.leave());
    }
    Container container = create(engine, spec, files);
    return started(container, container::close);
  }

  private void pull(ContainerEngine engine, ContainerSpec spec) {
    String image = spec.image().toString();
    if (plan.pull() == Pull.ALWAYS) {
      engine.images().pull(image);
    } else if (plan.pull() == Pull.NEVER && engine.images().find(image).isEmpty()) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, "'" + image + "' is not in the store, and is never to be pulled");
    }
  }

  private void start(Container container, List<ClassPathFile> files, Optional<Ready> ready) {
    for (ClassPathFile file : files) {
      file.copyInto(container);
    }
    container.start();
    // By now: whoever wonders why it does not become ready reads on.
    log = run.logs().follow(plan.name(), container);
    ready.ifPresent(container::awaitReady);
  }

  private void endLog() {
    Runnable end = log;
    if (end != null) {
      log = null;
      end.run();
    }
  }

  private Container create(ContainerEngine engine, ContainerSpec spec, List<ClassPathFile> files) {
    Optional<Ready> ready = plan.ready(spec);
    Container container = engine.create(spec);
    try {
      start(container, files, ready);
      return container;
    } catch (RuntimeException | Error e) {
      FailureReport.publish(context, plan.name(), container, elapsed());
      Runnable end = log == null ? () -> {} : log;
      // It ends as one does that has started, or goes on as that.
      try (StartedContainer failed = started(container, end, container::close)) {
        failed.keepIfWanted();
      } catch (RuntimeException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  private StartedContainer started(Container container, Runnable remove) {
    Runnable end = log == null ? run.logs().follow(plan.name(), container) : log;
    return started(container, end, remove);
  }

  private StartedContainer started(Container container, Runnable end, Runnable remove) {
    return new StartedContainer(run, plan.name(), container, elapsed(), end, remove);
  }

  private Duration elapsed() {
    return Duration.ofNanos(System.nanoTime() - begin);
  }
}
