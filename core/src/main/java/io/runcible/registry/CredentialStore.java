package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
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

  /**
   * Keeps credentials, in place of those that there are. The default refuses.
   *
   * @param key the registry as in an image reference, or a part of it: {@code
   *     registry.example:5000/team}
   * @throws RuncibleException UNSUPPORTED when the store only looks up
   */
  default void store(String key, Credentials credentials) {
    throw new RuncibleException(
        ErrorKind.UNSUPPORTED, "cannot keep credentials for " + key + " in " + description());
  }

  /**
   * Forgets credentials. The default refuses.
   *
   * @param key as for {@link #store}
   * @return whether there were any
   * @throws RuncibleException UNSUPPORTED when the store only looks up
   */
  default boolean erase(String key) {
    throw new RuncibleException(
        ErrorKind.UNSUPPORTED, "cannot forget credentials for " + key + " in " + description());
  }

  /** Where it looks, in words that can follow "taken from". */
  default String description() {
    return "the credential store that was passed";
  }
}
