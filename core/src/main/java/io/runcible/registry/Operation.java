package io.runcible.registry;

import java.util.Optional;

/**
 * What a request is for.
 *
 * @param what follows "cannot" in a message: {@code read the manifest of …}
 * @param endpoint the registry that is asked
 * @param repository the repository in it, as it is called there; empty for the registry as a whole
 * @param access what is done to the repository
 * @param from another repository that is read from
 */
record Operation(
    String what,
    RegistryEndpoint endpoint,
    String repository,
    Access access,
    Optional<String> from) {

  Operation(String what, RegistryEndpoint endpoint, String repository, Access access) {
    this(what, endpoint, repository, access, Optional.empty());
  }

  /** The same, with another repository of the registry that is read from. */
  Operation readingFrom(String other) {
    return new Operation(what, endpoint, repository, access, Optional.of(other));
  }

  /** What a token must open, as scopes with a space between them; empty for nothing. */
  String scope() {
    String own = repository.isEmpty() && access != Access.CATALOG ? "" : access.scope(repository);
    return from.map(other -> own + " " + Access.PULL.scope(other)).orElse(own);
  }

  /** The registry and the repository. */
  String name() {
    return endpoint.name() + "/" + repository;
  }
}
