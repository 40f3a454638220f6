package io.runcible.samples.jakarta;

import io.runcible.engine.Container;
import io.runcible.jakarta.FromImage;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Inject;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import org.eclipse.microprofile.config.ConfigProvider;

/** What the test adds to the application: a container with a name, which starts when asked for. */
@Path("web")
@ApplicationScoped
public class WebContainer {
  @Inject
  @FromImage(
      value = BusyboxImage.NAME,
      name = "web",
      ports = "8080",
      command = {"/bin/busybox", "httpd", "-f", "-p", "8080", "-h", "/bin"},
      scope = FromImage.Scope.APPLICATION)
  private Instance<Container> web;

  /** Where it is reached, as the settings of the application say. */
  @GET
  public String port() {
    web.get();
    return ConfigProvider.getConfig().getValue("runcible.container.web.port.8080", String.class);
  }
}
