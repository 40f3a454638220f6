package io.runcible.registry;

import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** The workflows against the library's own server on a layout, which wants a password. */
class DistributionTest implements DistributionContract {
  @TempDir Path directory;
  private ImageLayout layout;
  private RegistryServer server;

  @BeforeEach
  void start() {
    layout = ImageLayout.create(directory);
    server = RegistryServer.serve(layout).writable().user("joe", "secret").start();
  }

  @AfterEach
  void stop() {
    server.close();
    layout.close();
  }

  @Override
  public String registry() {
    return server.host();
  }

  @Override
  public RegistryClient.Builder client() {
    return RegistryClient.builder()
        .credentialStore(CredentialStore.NONE)
        .credentials(server.host(), Credentials.basic("joe", "secret"));
  }

  @Override
  public boolean sharesBlobs() {
    return true;
  }

  @Override
  public boolean needsLogin() {
    return true;
  }
}
