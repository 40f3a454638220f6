package io.runcible.samples.recipes;

import io.runcible.ErrorKind;
import io.runcible.ProgressEvent;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.image.Image;
import java.util.Optional;

/** Pulls an image ahead of its first use. */
final class PullWithProgress {
  private PullWithProgress() {}

  static Optional<Image> pull(ContainerEngine engine, String reference) {
    try {
      return Optional.of(engine.images().pull(reference, PullWithProgress::show));
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static void show(ProgressEvent event) {
    if (event instanceof ProgressEvent.Advanced advanced) {
      System.out.println(
          advanced.digest() + ": " + advanced.bytes() + " of " + advanced.size() + " bytes");
    } else if (event instanceof ProgressEvent.Skipped skipped) {
      System.out.println(skipped.digest() + ": is here already");
    }
  }
}
