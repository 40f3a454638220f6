package io.runcible.registry;

import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSinkContract;
import io.runcible.image.ImageSource;
import io.runcible.image.ImageSourceContract;
import io.runcible.image.MemoryImageSource;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** The client keeps the contracts of sources and sinks against the library's own server. */
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

  /** And that of sinks, against a writable server on a layout. */
  @Nested
  class Writable implements ImageSinkContract {
    @TempDir Path directory;
    private RegistryServer writable;
    private RenamedRegistry renamed;

    @BeforeEach
    void startWritable() {
      writable = RegistryServer.serve(ImageLayout.create(directory)).writable().start();
      RegistryClient client =
          RegistryClient.builder().credentialStore(CredentialStore.NONE).build();
      renamed = new RenamedRegistry(client, writable.host());
    }

    @AfterEach
    void stopWritable() {
      renamed.close();
      writable.close();
    }

    @Override
    public ImageSink sink() {
      return renamed;
    }

    @Override
    public ImageSource written() {
      return renamed;
    }
  }
}
