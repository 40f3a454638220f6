package io.runcible.registry;

import java.util.Optional;

/**
 * Where a {@link RegistryClient} looks for credentials when a registry asks for them. Called on the
 * thread of the request, also concurrently, and again whenever an access token is renewed.
 */
@FunctionalInterface
public interface CredentialStore {
  /** A store without credentials, for anonymous access only. */
  CredentialStore NONE = (registry, repository) -> Optional.empty();

  /**
   * Finds credentials.
   *
   * @param registry the registry as in an image reference: {@code docker.io}, {@code
   *     registry.example:5000}
   * @param repository the repository: {@code team/app}
   * @return empty when there are none, so that the registry is asked anonymously
   */
  Optional<Credentials> find(String registry, String repository);

  /** Where it looks, in words that can follow "taken from". */
  default String description() {
    return "the credential store that was passed";
  }
}
