package io.runcible.jakarta;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** The containers that live as long as the application, and the names that some have. */
@Singleton
class ApplicationContainers {
  private final Shared<FromImage, Container> containers = new Shared<>();
  private final Map<String, FromImage> names = new ConcurrentHashMap<>();
  private final Map<String, Container> named = new ConcurrentHashMap<>();
  private final PublishedPorts ports = PublishedPorts.ofApplication();

  Container get(FromImage wanted, Function<FromImage, Container> start) {
    String name = wanted.name();
    if (name.isEmpty()) {
      return containers.get(wanted, start);
    }
    FromImage first = names.putIfAbsent(name, wanted);
    if (first != null && !first.equals(wanted)) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "two containers of the application have the name '"
              + name
              + "': "
              + first
              + " and "
              + wanted);
    }
    return containers.get(wanted, declared -> startNamed(declared, start));
  }

  private Container startNamed(FromImage wanted, Function<FromImage, Container> start) {
    Container container = start.apply(wanted);
    try {
      named.put(wanted.name(), container);
      ports.add(wanted.name(), container);
      return container;
    } catch (RuntimeException | Error e) {
      named.remove(wanted.name());
      ports.remove(wanted.name());
      closeAfter(e, container);
      throw e;
    }
  }

  private static void closeAfter(Throwable failure, Container container) {
    try {
      container.close();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  /** Those that have a name and have started. */
  Map<String, Container> named() {
    return Map.copyOf(named);
  }

  @PreDestroy
  void close() {
    named.keySet().forEach(ports::remove);
    named.clear();
    containers.close();
  }
}
