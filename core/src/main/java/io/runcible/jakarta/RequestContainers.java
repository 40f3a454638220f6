package io.runcible.jakarta;

import io.runcible.engine.Container;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.RequestScoped;
import java.util.function.Function;

/** The containers of one request. Not final, and its methods are public: the scope has proxies. */
@RequestScoped
class RequestContainers {
  private final Shared<FromImage, Container> containers = new Shared<>();

  public Container get(FromImage wanted, Function<FromImage, Container> start) {
    return containers.get(wanted, start);
  }

  @PreDestroy
  public void close() {
    containers.close();
  }
}
