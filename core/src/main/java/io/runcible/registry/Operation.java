package io.runcible.registry;

import io.runcible.image.ImageReference;
import java.util.Optional;

/**
 * What a request is for.
 *
 * @param what follows "cannot" in a message: {@code read the manifest of …}
 * @param endpoint the registry that is asked
 * @param repository the repository in it
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

  static Operation pull(String what, RegistryEndpoint endpoint, ImageReference reference) {
    return new Operation(what, endpoint, reference.repository(), Access.PULL);
  }

  static Operation push(String what, RegistryEndpoint endpoint, ImageReference reference) {
    return new Operation(what, endpoint, reference.repository(), Access.PUSH);
  }

  static Operation delete(String what, RegistryEndpoint endpoint, ImageReference reference) {
    return new Operation(what, endpoint, reference.repository(), Access.DELETE);
  }

  /** An operation on the list of repositories, which is no repository but is addressed like one. */
  static Operation catalog(String what, RegistryEndpoint endpoint) {
    return new Operation(what, endpoint, "_catalog", Access.CATALOG);
  }

  /** The same, with another repository that is read from. */
  Operation readingFrom(ImageReference other) {
    return new Operation(what, endpoint, repository, access, Optional.of(other.repository()));
  }

  /** What a token must open, as scopes with a space between them. */
  String scope() {
    String own = access.scope(repository);
    return from.map(other -> own + " " + Access.PULL.scope(other)).orElse(own);
  }

  /** The registry and the repository. */
  String name() {
    return endpoint.name() + "/" + repository;
  }
}
