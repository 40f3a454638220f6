package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import io.runcible.registry.RegistryClient;
import io.runcible.transfer.ImageLocation;
import io.runcible.transfer.ImageLocation.Transport;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Deletes a tag or a manifest in a registry. */
@Command(
    name = "delete",
    description = {
      "Delete a tag or a manifest in a registry.",
      "With a digest the manifest goes, and with it all its tags, which are printed."
    },
    mixinStandardHelpOptions = true)
final class DeleteCommand implements Callable<Integer> {
  @Mixin private RegistryOptions registry = new RegistryOptions();

  @Option(names = "--also-tags", description = "Other tags may vanish with the manifest.")
  private boolean alsoTags;

  @Parameters(paramLabel = "docker://REFERENCE")
  private String place = "";

  @Override
  public Integer call() {
    ImageLocation location = ImageLocation.parse(place);
    if (location.transport() != Transport.DOCKER) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED, "only from registries can be deleted, not from " + location);
    }
    ImageReference reference = location.reference().orElseThrow();
    try (RegistryClient client = registry.client(List.of(reference.registry()))) {
      if (reference.digest().isEmpty()) {
        client.delete(reference);
        System.out.println(reference);
        return 0;
      }
      List<String> tags = client.tagsOf(reference, reference.digest().get());
      List<String> others =
          tags.stream().filter(tag -> !reference.tag().equals(Optional.of(tag))).toList();
      if (!others.isEmpty() && !alsoTags) {
        throw new RuncibleException(
            ErrorKind.FAILED_PRECONDITION,
            "with "
                + reference
                + " would vanish the tags "
                + String.join(", ", others)
                + "; --also-tags allows that");
      }
      client.delete(reference, others);
      System.out.println(reference);
      tags.forEach(tag -> System.out.println(reference.name() + ":" + tag));
    }
    return 0;
  }
}
