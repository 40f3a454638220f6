package io.runcible.transfer;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import java.util.Optional;

/**
 * How images are named at the target.
 *
 * @param prefix what comes first; empty to leave names as they are
 * @param scoped whether the whole name follows, with its registry, and not its last part alone
 */
record SyncNames(Optional<String> prefix, boolean scoped) {

  ImageReference of(ImageReference image) {
    if (prefix.isEmpty()) {
      return image;
    }
    String repository = image.repository();
    // A colon, which comes before a port, cannot be in a path.
    String rest =
        scoped
            ? image.registry().replace(':', '_') + "/" + repository
            : repository.substring(repository.lastIndexOf('/') + 1);
    String name = prefix.get() + "/" + rest;
    String tag = image.tag().map(text -> ":" + text).orElse("");
    String digest = image.digest().map(text -> "@" + text).orElse("");
    try {
      return ImageReference.parse(name + tag + digest);
    } catch (RuncibleException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "no name for " + image + " at the target: " + e.getMessage(), e);
    }
  }
}
