package io.runcible.samples.cli;

import io.runcible.ProgressListener;
import io.runcible.engine.ContainerEngine;
import io.runcible.image.ImageReference;
import io.runcible.registry.RegistryClient;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Fetches an image, unpacks it and prints its digest. */
@Command(
    name = "pull",
    description = "Fetch an image and unpack it.",
    mixinStandardHelpOptions = true)
final class PullCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();
  @Mixin private RegistryOptions registry = new RegistryOptions();
  @Mixin private PlatformOption platform = new PlatformOption();

  @Option(
      names = {"-q", "--quiet"},
      description = "Do not tell of the progress.")
  private boolean quiet;

  @Parameters(paramLabel = "IMAGE")
  private String image = "";

  @Override
  public Integer call() {
    ImageReference reference = ImageReference.parse(image);
    try (RegistryClient client = registry.client(List.of(reference.registry()))) {
      FirstRequest first = FirstRequest.send(client, reference);
      try (ContainerEngine engine = options.open(client, platform.get());
          Progress progress = new Progress()) {
        first.await();
        ProgressListener listener = quiet ? ProgressListener.NONE : progress;
        System.out.println(engine.images().pull(image, listener).descriptor().digest());
      }
    }
    return 0;
  }
}
