package io.runcible.junit;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.network.Network;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Containers that start at the same time, each when those it depends on are ready. */
final class Batch {
  private final ExtensionContext context;
  private final TestRun run;
  private final KnownContainers known;
  private final Map<String, Item> items = new LinkedHashMap<>();
  private final Map<String, CompletableFuture<StartedContainer>> futures = new LinkedHashMap<>();

  Batch(ExtensionContext context) {
    this.context = context;
    this.run = TestRun.of(context);
    this.known = new KnownContainers(context);
  }

  private record Item(ContainerPlan plan, Home home) {}

  boolean has(String name) {
    return items.containsKey(name);
  }

  /** The result tells it by its name. */
  void add(ContainerPlan plan, Home home) {
    if (items.put(plan.name(), new Item(plan, home)) != null) {
      throw new ExtensionConfigurationException(
          "two containers have the name '" + plan.name() + "': give one another name");
    }
  }

  /**
   * Starts all. If one fails, the others are still waited for, so that their owners have them.
   *
   * @return by name
   */
  Map<String, Container> start() {
    items.keySet().forEach(name -> requireOrder(name, new HashSet<>()));
    items.keySet().forEach(name -> futures.put(name, new CompletableFuture<>()));
    Executor executor = items.size() == 1 ? Runnable::run : Batch::newThread;
    items.values().forEach(item -> executor.execute(() -> start(item)));
    Map<String, Container> started = new LinkedHashMap<>();
    List<Throwable> failures = new ArrayList<>();
    futures.forEach(
        (name, future) -> {
          try {
            StartedContainer one = SharedContainer.join(future);
            known.add(one);
            started.put(name, one.container());
          } catch (RuntimeException | Error e) {
            failures.add(e);
          }
        });
    throwFirst(failures);
    return started;
  }

  /** One that depends on one that failed fails with the same. */
  private static void throwFirst(List<Throwable> failures) {
    if (failures.isEmpty()) {
      return;
    }
    Throwable first = failures.get(0);
    failures.stream().distinct().filter(other -> other != first).forEach(first::addSuppressed);
    if (first instanceof Error error) {
      throw error;
    }
    throw (RuntimeException) first;
  }

  private void requireOrder(String name, Set<String> waiting) {
    Item item = items.get(name);
    if (item == null) {
      // Otherwise one that is known by now; fails if it is not.
      known.get(name);
      return;
    }
    if (!waiting.add(name)) {
      throw new ExtensionConfigurationException(
          "the containers " + waiting + " wait for each other");
    }
    for (String other : item.plan().dependsOn()) {
      requireOrder(other, waiting);
    }
    waiting.remove(name);
  }

  private static void newThread(Runnable work) {
    Thread thread = new Thread(work, "runcible-test-start");
    thread.setDaemon(true);
    thread.start();
  }

  private void start(Item item) {
    CompletableFuture<StartedContainer> future = future(item.plan().name());
    try {
      item.plan().dependsOn().stream().filter(this::has).forEach(this::container);
      future.complete(
          item.home()
              .start(
                  () ->
                      new ContainerStarter(run, context, item.plan())
                          .start(new BatchSurroundings(item.home()))));
    } catch (RuntimeException | Error e) {
      future.completeExceptionally(e);
    }
  }

  private CompletableFuture<StartedContainer> future(String name) {
    CompletableFuture<StartedContainer> future = futures.get(name);
    if (future == null) {
      throw new IllegalStateException("no container '" + name + "' is about to start");
    }
    return future;
  }

  private Container container(String name) {
    return has(name) ? SharedContainer.join(future(name)).container() : known.get(name);
  }

  private final class BatchSurroundings implements ContainerPlan.Surroundings {
    private final Home home;

    BatchSurroundings(Home home) {
      this.home = home;
    }

    @Override
    public ContainerEngine engine() {
      return run.engine();
    }

    @Override
    public Container container(String name) {
      return Batch.this.container(name);
    }

    @Override
    public Network network(String name) {
      return home.network(name);
    }
  }
}
