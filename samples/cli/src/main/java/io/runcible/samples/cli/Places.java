package io.runcible.samples.cli;

import io.runcible.image.ImageReference;
import io.runcible.registry.RegistryClient;
import io.runcible.registry.RegistryConfiguration;
import io.runcible.store.LocalStore;
import io.runcible.transfer.ImageLocation;
import io.runcible.transfer.ImageLocation.Transport;
import io.runcible.transfer.Transports;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/** What the locations on a command line need to be opened. */
final class Places implements AutoCloseable {
  private final Deque<Runnable> closing = new ArrayDeque<>();
  private Transports transports = Transports.standard();

  Places(RegistryOptions registry, DataRoot root, ImageLocation... locations) {
    List<String> registries =
        Arrays.stream(locations)
            .filter(location -> location.transport() == Transport.DOCKER)
            .flatMap(location -> location.reference().stream())
            .map(ImageReference::registry)
            .toList();
    if (!registries.isEmpty()) {
      RegistryClient client = registry.client(registries);
      closing.push(client::close);
      transports = transports.withRegistry(client);
    }
    if (Arrays.stream(locations).anyMatch(place -> place.transport() == Transport.STORE)) {
      LocalStore store = root.open();
      closing.push(store::close);
      transports = transports.withStore(store);
    }
  }

  /** A location, or the name of an image in a registry as people type it. */
  static ImageLocation parse(String text) {
    if (isLocation(text)) {
      return ImageLocation.parse(text);
    }
    return ImageLocation.parse("docker://" + RegistryConfiguration.host().resolve(text));
  }

  /** Whether it says in which kind of place something is. */
  static boolean isLocation(String text) {
    return text.startsWith("docker://") || hasOtherTransport(text);
  }

  /** The image "docker:24" is one of a registry. */
  private static boolean hasOtherTransport(String text) {
    return Arrays.stream(Transport.values())
        .filter(transport -> transport != Transport.DOCKER)
        .anyMatch(transport -> text.startsWith(transport + ":"));
  }

  Transports transports() {
    return transports;
  }

  @Override
  public void close() {
    closing.forEach(Runnable::run);
  }
}
