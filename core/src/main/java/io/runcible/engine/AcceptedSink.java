package io.runcible.engine;

import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.LongFunction;

/**
 * A sink for images that have to be accepted: their names before anything of them is taken, their
 * manifests before they are recorded.
 */
record AcceptedSink(
    ImageSink sink,
    Consumer<ImageReference> names,
    BiConsumer<ImageReference, Descriptor> manifests)
    implements ImageSink {
  @Override
  public boolean hasBlob(ImageReference reference, Descriptor descriptor) {
    names.accept(reference);
    return sink.hasBlob(reference, descriptor);
  }

  @Override
  public void putBlob(ImageReference reference, Descriptor descriptor, InputStream content) {
    names.accept(reference);
    sink.putBlob(reference, descriptor, content);
  }

  @Override
  public void putBlob(
      ImageReference reference, Descriptor descriptor, LongFunction<InputStream> content) {
    names.accept(reference);
    sink.putBlob(reference, descriptor, content);
  }

  @Override
  public void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw) {
    names.accept(reference);
    descriptor.verify(raw);
    // Without a name yet, so that it can be read by who decides.
    sink.putBlob(reference, descriptor, new ByteArrayInputStream(raw));
    manifests.accept(reference, descriptor);
    sink.putManifest(reference, descriptor, raw);
  }

  @Override
  public void commit() {
    sink.commit();
  }

  @Override
  public void close() {
    sink.close();
  }
}
