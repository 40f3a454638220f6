package io.runcible.transfer;

import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import java.io.InputStream;

/** A sink that leaves out tags, for images without a name. */
record UntaggedSink(ImageSink sink) implements ImageSink {
  @Override
  public boolean hasBlob(ImageReference reference, Descriptor descriptor) {
    return sink.hasBlob(reference, descriptor);
  }

  @Override
  public void putBlob(ImageReference reference, Descriptor descriptor, InputStream content) {
    sink.putBlob(reference, descriptor, content);
  }

  @Override
  public void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw) {
    ImageReference untagged = ImageReference.parse(reference.name() + "@" + descriptor.digest());
    sink.putManifest(untagged, descriptor, raw);
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
