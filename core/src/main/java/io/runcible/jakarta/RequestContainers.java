package io.runcible.jakarta;

import io.runcible.engine.Container;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.RequestScoped;
import java.util.function.Function;

/**
 * The containers of one request; not for use in programs. The scope has proxies, which a server
 * makes in the class loader of the application, whichever this one is: so it is public, and not
 * final.
 */
@RequestScoped
@SuppressWarnings("exports")
public class RequestContainers {
  private final Shared<FromImage, Container> containers = new Shared<>();

  /** For CDI. */
  public RequestContainers() {}

  /** The one of a declaration, which is started when it is first asked for. */
  public Container get(FromImage wanted, Function<FromImage, Container> start) {
    return containers.get(wanted, start);
  }

  /** Ends them with the request. */
  @PreDestroy
  public void close() {
    containers.close();
  }
}
