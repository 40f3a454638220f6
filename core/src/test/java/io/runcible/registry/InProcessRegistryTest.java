package io.runcible.registry;

import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.ImageSourceContract;
import io.runcible.image.MemoryImageSource;
import io.runcible.serve.RegistryServer;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** The client keeps the contract of sources against the library's own server. */
class InProcessRegistryTest implements ImageSourceContract {
  private final MemoryImageSource memory = new MemoryImageSource();
  private RegistryServer server;

  @BeforeEach
  void start() {
    server = RegistryServer.serve(memory).registry("registry.example").start();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Override
  public ImageSource source(Consumer<ImageSink> content) {
    content.accept(memory);
    return RegistryClient.builder()
        .credentialStore(CredentialStore.NONE)
        .registries(RegistryConfiguration.none())
        .build();
  }

  @Override
  public ImageReference reference(ImageReference written) {
    return RenamedRegistry.at(server.host(), written);
  }
}
