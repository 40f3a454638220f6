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

/** Fetches images, unpacks them and prints their digests. */
@Command(
    name = "pull",
    description = "Fetch images and unpack them.",
    mixinStandardHelpOptions = true)
final class PullCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();
  @Mixin private RegistryOptions registry = new RegistryOptions();
  @Mixin private PlatformOption platform = new PlatformOption();

  @Option(
      names = {"-q", "--quiet"},
      description = "Do not tell of the progress.")
  private boolean quiet;

  @Option(
      names = {"-a", "--all-tags"},
      description = "All tags of each name, for this platform.")
  private boolean allTags;

  @Option(
      names = "--disable-content-trust",
      arity = "0..1",
      description = "Accepted: the host's policy decides.")
  @SuppressWarnings("UnusedVariable")
  private boolean untrusted;

  @Parameters(paramLabel = "IMAGE", arity = "1..*")
  private List<String> images = List.of();

  @Override
  public Integer call() {
    List<ImageReference> references = images.stream().map(ImageReference::parse).toList();
    List<String> registries = references.stream().map(ImageReference::registry).toList();
    try (RegistryClient client = registry.client(registries)) {
      // Of all tags, the one that is used without one need not be there.
      FirstRequest first = allTags ? null : FirstRequest.send(client, references.get(0));
      try (ContainerEngine engine = options.open(client, platform.get());
          Progress progress = new Progress()) {
        if (first != null) {
          first.await();
        }
        ProgressListener listener = quiet ? ProgressListener.NONE : progress;
        for (ImageReference reference : references) {
          for (String name : names(client, reference)) {
            System.out.println(engine.images().pull(name, listener).descriptor().digest());
          }
        }
      }
    }
    return 0;
  }

  private List<String> names(RegistryClient client, ImageReference reference) {
    return allTags
        ? client.tags(reference).stream().map(tag -> reference.name() + ":" + tag).toList()
        : List.of(reference.toString());
  }
}
