package io.runcible.transfer;

import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageReference;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Samples;
import io.runcible.registry.CredentialStore;
import io.runcible.registry.RegistryClient;

/** The main class of a JVM with a small heap that asks a hostile registry for many things. */
final class HostileDocumentsProgram {
  private HostileDocumentsProgram() {}

  /**
   * Asks for each tag and, for some, for lists; prints for each what came of it.
   *
   * @param arguments the host, and the tags
   */
  public static void main(String[] arguments) {
    ImageReference repository = ImageReference.parse(arguments[0] + "/team/app");
    try (RegistryClient client =
        RegistryClient.builder()
            .credentialStore(CredentialStore.NONE)
            .plainHttp(arguments[0])
            .attempts(1)
            .build()) {
      for (int i = 1; i < arguments.length; i++) {
        String tag = arguments[i];
        System.out.println(tag + " " + outcome(() -> ask(client, repository.withTag(tag))));
      }
    }
  }

  private static void ask(RegistryClient client, ImageReference name) {
    String tag = name.tag().orElseThrow();
    if (tag.startsWith("tags-")) {
      client.tags(ImageReference.parse(name.name() + "-" + tag));
    } else if (tag.startsWith("catalog-")) {
      client.repositories(name.registry());
    } else if (tag.startsWith("referrers-")) {
      Descriptor subject = Samples.manifest("one").descriptor();
      client.referrers(ImageReference.parse(name.name() + "-" + tag), subject.digest());
    } else if (tag.startsWith("copy-")) {
      ImageCopy.between(client, new MemoryImageSource()).copy(name, name);
    } else {
      Image.resolve(client, name, Samples.PLATFORM);
    }
  }

  private static String outcome(Runnable work) {
    try {
      work.run();
      return "done";
    } catch (RuncibleException e) {
      return e.kind() + " " + e.getMessage();
    } catch (OutOfMemoryError e) {
      return "OUT OF MEMORY";
    }
  }
}
