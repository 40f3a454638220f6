package io.runcible.registry;

import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import java.io.InputStream;
import java.util.List;

/** Lets the images of one registry go by the name of another, as the contracts call them. */
final class RenamedRegistry implements ImageSource, ImageSink {
  private final RegistryClient client;
  private final String registry;

  RenamedRegistry(RegistryClient client, String registry) {
    this.client = client;
    this.registry = registry;
  }

  /** The same image at the registry where it really is. */
  static ImageReference at(String registry, ImageReference reference) {
    return ImageReference.parse(
        registry + reference.toString().substring(reference.registry().length()));
  }

  private ImageReference real(ImageReference reference) {
    return at(registry, reference);
  }

  @Override
  public Descriptor resolve(ImageReference reference) {
    return client.resolve(real(reference));
  }

  @Override
  public byte[] manifest(ImageReference reference, Descriptor descriptor) {
    return client.manifest(real(reference), descriptor);
  }

  @Override
  public InputStream blob(ImageReference reference, Descriptor descriptor) {
    return client.blob(real(reference), descriptor);
  }

  @Override
  public List<String> tags(ImageReference repository) {
    return client.tags(real(repository));
  }

  @Override
  public boolean hasBlob(ImageReference reference, Descriptor descriptor) {
    return client.hasBlob(real(reference), descriptor);
  }

  @Override
  public void putBlob(ImageReference reference, Descriptor descriptor, InputStream content) {
    client.putBlob(real(reference), descriptor, content);
  }

  @Override
  public void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw) {
    client.putManifest(real(reference), descriptor, raw);
  }

  @Override
  public void close() {
    client.close();
  }
}
