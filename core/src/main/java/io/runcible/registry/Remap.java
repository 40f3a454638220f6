package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;

/**
 * Where the names below a prefix really are: the location takes the place of the prefix.
 *
 * @param prefix a registry, or a registry with the first parts of a repository
 * @param location what replaces it
 */
record Remap(String prefix, String location) {
  /** Leaves every name as it is. */
  static final Remap NONE = new Remap("", "");

  /** The effective name; a name that is not below the prefix stays. */
  ImageReference apply(ImageReference reference) {
    String name = reference.name();
    if (prefix.equals(location) || !name.startsWith(prefix)) {
      return reference;
    }
    String rest = reference.toString().substring(prefix.length());
    try {
      return ImageReference.parse(location + rest);
    } catch (RuncibleException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "the location '" + location + "' is no place for " + reference + ": " + e.getMessage(),
          e);
    }
  }
}
