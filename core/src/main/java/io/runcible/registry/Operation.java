package io.runcible.registry;

/**
 * What a request is for.
 *
 * @param what follows "cannot" in a message: {@code read the manifest of …}
 * @param endpoint the registry that is asked
 * @param repository the repository in it, as it is called there; empty for the registry as a whole
 * @param access what is done to the repository
 */
record Operation(String what, RegistryEndpoint endpoint, String repository, Access access) {

  /** The registry and the repository. */
  String name() {
    return endpoint.name() + "/" + repository;
  }
}
