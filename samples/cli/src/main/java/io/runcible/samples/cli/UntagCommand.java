package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.image.Image;
import io.runcible.image.ImageReference;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Takes names of an image away. */
@Command(
    name = "untag",
    description = "Take names of an image away: those that follow it, otherwise all.")
final class UntagCommand extends EngineCommand {
  @Parameters(index = "0", paramLabel = "IMAGE")
  private String image = "";

  @Parameters(index = "1..*", paramLabel = "NAME")
  private List<String> names = List.of();

  @Override
  int run(ContainerEngine engine) {
    List<String> own = names(engine);
    for (String name : names) {
      if (!own.contains(ImageReference.parse(name).toString())) {
        throw new RuncibleException(
            ErrorKind.NOT_FOUND, "the image '" + image + "' has no name '" + name + "'");
      }
    }
    (names.isEmpty() ? own : names).forEach(engine.images()::remove);
    return 0;
  }

  private List<String> names(ContainerEngine engine) {
    Image wanted =
        engine
            .images()
            .find(image)
            .orElseThrow(
                () ->
                    new RuncibleException(
                        ErrorKind.NOT_FOUND, "there is no image '" + image + "'"));
    List<String> names = new ArrayList<>();
    for (ImageReference name : engine.images().list()) {
      boolean same =
          engine
              .images()
              .find(name.toString())
              .map(found -> found.descriptor().digest().equals(wanted.descriptor().digest()))
              .orElse(false);
      if (same) {
        names.add(name.toString());
      }
    }
    return names;
  }
}
