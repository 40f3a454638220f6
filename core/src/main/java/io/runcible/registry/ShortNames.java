package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import java.util.List;

/** Names of images that are typed without a registry. */
final class ShortNames {
  private ShortNames() {}

  /** Whether a name has no registry in front, by Docker's rule. */
  static boolean isShort(String name) {
    int slash = name.indexOf('/');
    String first = slash < 0 ? "" : name.substring(0, slash);
    return first.indexOf('.') < 0
        && first.indexOf(':') < 0
        && !first.startsWith("[")
        && !first.equalsIgnoreCase("localhost");
  }

  static ImageReference resolve(RegistriesConf conf, String typed) {
    ImageReference docker = ImageReference.parse(typed);
    if (!isShort(typed)) {
      return docker;
    }
    int end = nameEnd(typed);
    String alias = conf.aliases().getOrDefault(typed.substring(0, end), "");
    if (!alias.isEmpty()) {
      return ImageReference.parse(alias + typed.substring(end));
    }
    List<String> searched = conf.searched().orElse(List.of());
    if (searched.size() > 1) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "'"
              + typed
              + "' may be an image of any of "
              + String.join(", ", searched)
              + "; write its registry in front, or add an alias for it to registries.conf");
    }
    return searched.isEmpty() ? docker : ImageReference.parse(searched.get(0) + "/" + typed);
  }

  /** Where the tag or the digest begins. */
  private static int nameEnd(String typed) {
    int at = typed.indexOf('@');
    int end = at < 0 ? typed.length() : at;
    int colon = typed.lastIndexOf(':', end - 1);
    return colon > typed.lastIndexOf('/', end - 1) ? colon : end;
  }
}
