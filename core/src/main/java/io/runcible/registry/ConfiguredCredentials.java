package io.runcible.registry;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The credentials of this user, in the places that {@code credential-helpers} of registries.conf
 * names: helpers, and the files where {@code containers-auth.json} stands for them. Without that
 * list, the files.
 *
 * @param configuration what names the places
 * @param files the files of this user
 * @param helper what runs helpers
 */
record ConfiguredCredentials(
    RegistryConfiguration configuration, DockerCredentials files, CredentialHelper helper)
    implements CredentialStore {
  private static final String FILES = "containers-auth.json";

  private List<String> places() {
    return configuration.conf().helpers().filter(names -> !names.isEmpty()).orElse(List.of(FILES));
  }

  @Override
  public Optional<Credentials> find(String registry, String repository) {
    for (String place : places()) {
      Optional<Credentials> found =
          place.equals(FILES) ? files.find(registry, repository) : helper.get(place, registry);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  @Override
  public void store(String key, Credentials credentials) {
    String first = places().get(0);
    if (first.equals(FILES)) {
      files.store(key, credentials);
    } else {
      DockerCredentials.requireWhole(first, key);
      helper.store(first, key, credentials);
    }
  }

  @Override
  public boolean erase(String key) {
    boolean any = false;
    for (String place : places()) {
      if (place.equals(FILES)) {
        any |= files.erase(key);
      } else if (helper.get(place, key).isPresent()) {
        helper.erase(place, key);
        any = true;
      }
    }
    return any;
  }

  @Override
  public String description() {
    return places().stream()
        .map(place -> place.equals(FILES) ? files.description() : "the helper " + place)
        .collect(Collectors.joining(" or "));
  }
}
