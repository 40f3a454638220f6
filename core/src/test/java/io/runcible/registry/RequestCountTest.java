package io.runcible.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageReference;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Samples;
import io.runcible.serve.FaultyRegistry;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How many requests things take, of a registry that lets anybody in. */
class RequestCountTest {
  private final MemoryImageSource source = new MemoryImageSource();
  private final FaultyRegistry registry = FaultyRegistry.serve(source);
  private final RegistryClient client =
      RegistryClient.builder().credentialStore(CredentialStore.NONE).build();

  @AfterEach
  void close() {
    client.close();
    registry.close();
  }

  private ImageReference app() {
    return ImageReference.parse(registry.host() + "/team/app:1");
  }

  private List<String> methods() {
    return registry.requests().stream().map(FaultyRegistry.Request::method).toList();
  }

  @Test
  void anUnchangedTagTakesOneWithoutContent() {
    Samples.put(source, ImageReference.parse("team/app:1"), "one");
    client.resolve(app());
    assertThat(methods()).containsExactly("HEAD");
  }

  @Test
  void anImageTakesThreeToInspect() {
    Samples.put(source, ImageReference.parse("team/app:1"), "one");
    Image image = Image.resolve(client, app(), Samples.PLATFORM);
    assertThat(image.config().command()).containsExactly("one");
    assertThat(image.layers()).hasSize(1);
    assertThat(methods()).containsExactly("HEAD", "GET", "GET");
  }

  @Test
  void anImageOfSeveralPlatformsTakesOneMore() {
    Samples.putIndex(source, ImageReference.parse("team/app:1"), "one");
    Image image = Image.resolve(client, app(), Samples.PLATFORM);
    assertThat(image.config().command()).containsExactly("one");
    assertThat(methods()).containsExactly("HEAD", "GET", "GET", "GET");
  }

  @Test
  void aManifestWhoseDescriptorIsKnownTakesOne() {
    Descriptor known = Samples.put(source, ImageReference.parse("team/app:1"), "one").descriptor();
    client.manifest(app(), known);
    assertThat(methods()).containsExactly("GET");
  }
}
