package io.runcible.transfer;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.VerifiedInputStream;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import java.io.IOException;
import java.io.InputStream;

/** Reads configurations of images. */
final class ConfigReader {
  private ConfigReader() {}

  static ImageConfig read(ImageSource source, ImageReference image, Descriptor config) {
    if (config.size() > ImageConfig.MAX_SIZE) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          image
              + ": the configuration has "
              + config.size()
              + " bytes; at most "
              + ImageConfig.MAX_SIZE
              + " are read");
    }
    try (InputStream content =
        new VerifiedInputStream(source.blob(image, config), config.digest(), config.size())) {
      return ImageConfig.parse(content.readAllBytes());
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE,
          "cannot read the configuration "
              + config.digest()
              + " of "
              + image
              + ": "
              + e.getMessage(),
          e);
    } catch (RuncibleException e) {
      throw new RuncibleException(e.kind(), image + ": " + e.getMessage(), e);
    }
  }
}
