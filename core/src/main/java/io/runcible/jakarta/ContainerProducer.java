package io.runcible.jakarta;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.Typed;
import jakarta.enterprise.inject.spi.InjectionPoint;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Starts the containers that are injected, and closes those that belong to what they are in. */
@Singleton
class ContainerProducer {
  private final ContainerEngine engine;
  private final ApplicationContainers application;
  private final RequestContainers request;
  private final Settings settings = Settings.ofApplication();
  private final Set<Container> dependent = ConcurrentHashMap.newKeySet();

  @Inject
  ContainerProducer(
      ContainerEngine engine, ApplicationContainers application, RequestContainers request) {
    this.engine = engine;
    this.application = application;
    this.request = request;
  }

  @Produces
  @FromImage("")
  @Typed(Container.class)
  Container container(InjectionPoint point) {
    FromImage wanted =
        point.getQualifiers().stream()
            .filter(FromImage.class::isInstance)
            .map(FromImage.class::cast)
            .findFirst()
            .orElseThrow();
    return switch (wanted.scope()) {
      case DEPENDENT -> {
        Container container = start(wanted);
        dependent.add(container);
        yield container;
      }
      case REQUEST -> request.get(wanted, this::start);
      case APPLICATION -> application.get(wanted, this::start);
    };
  }

  private Container start(FromImage wanted) {
    return new Declaration(wanted, settings).start(engine);
  }

  void dispose(@Disposes @FromImage("") Container container) {
    if (dependent.remove(container)) {
      container.close();
    }
  }
}
