package io.runcible.registry;

import java.util.Map;
import java.util.Optional;

/**
 * Credentials that the caller gave for a registry, and where to look for the others.
 *
 * @param byRegistry what was given
 * @param others asked for other registries
 */
record ExplicitCredentials(Map<String, Credentials> byRegistry, CredentialStore others)
    implements CredentialStore {
  ExplicitCredentials {
    byRegistry = Map.copyOf(byRegistry);
  }

  @Override
  public Optional<Credentials> find(String registry, String repository) {
    Credentials given = byRegistry.get(registry);
    return given != null ? Optional.of(given) : others.find(registry, repository);
  }

  @Override
  public String description() {
    return others.description();
  }
}
