package io.runcible.registry;

import io.runcible.image.ImageReference;

/**
 * What a request is for.
 *
 * @param what follows "cannot" in a message: {@code read the manifest of …}
 * @param endpoint the registry that is asked
 * @param repository the repository in it
 * @param access what is done to the repository
 */
record Operation(String what, RegistryEndpoint endpoint, String repository, Access access) {

  static Operation pull(String what, RegistryEndpoint endpoint, ImageReference reference) {
    return new Operation(what, endpoint, reference.repository(), Access.PULL);
  }

  static Operation push(String what, RegistryEndpoint endpoint, ImageReference reference) {
    return new Operation(what, endpoint, reference.repository(), Access.PUSH);
  }

  /** The registry and the repository. */
  String name() {
    return endpoint.name() + "/" + repository;
  }
}
