package io.runcible.samples.recipes;

import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.transfer.CopyResult;
import io.runcible.transfer.ImageCopy;
import io.runcible.transfer.ImageInspection;
import io.runcible.transfer.ImageLocation;
import io.runcible.transfer.OpenLocation;
import io.runcible.transfer.Transports;

/** Moves images between registries, layouts and archives, and looks at them; needs no engine. */
final class MoveImages {
  private MoveImages() {}

  static CopyResult copy(String source, String target) {
    Transports transports = Transports.standard();
    try (OpenLocation<ImageSource> from = transports.source(ImageLocation.parse(source));
        OpenLocation<ImageSink> to = transports.sink(ImageLocation.parse(target))) {
      CopyResult result =
          ImageCopy.between(from.images(), to.images()).copy(from.reference(), to.reference());
      to.images().commit();
      return result;
    }
  }

  static String inspect(String source) {
    try (OpenLocation<ImageSource> from =
        Transports.standard().source(ImageLocation.parse(source))) {
      ImageInspection image = ImageInspection.of(from.images(), from.reference());
      return image.document().descriptor().digest()
          + ", "
          + image.layers().size()
          + " layers, "
          + image.size()
          + " bytes";
    }
  }
}
