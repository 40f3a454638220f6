package io.runcible.registry;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The credentials that {@code docker login}, {@code podman login} and {@code skopeo login} leave
 * behind. The files are read at each look-up, so a login takes effect at once.
 *
 * <p>If {@code REGISTRY_AUTH_FILE} is set, only that file is read. Otherwise the first of these
 * that has something for the registry decides:
 *
 * <ol>
 *   <li>{@code $DOCKER_CONFIG/config.json}, if that variable is set
 *   <li>{@code $XDG_RUNTIME_DIR/containers/auth.json}
 *   <li>{@code $XDG_CONFIG_HOME/containers/auth.json}, by default below {@code ~/.config}
 *   <li>{@code ~/.docker/config.json}, if {@code DOCKER_CONFIG} is not set
 * </ol>
 *
 * <p>In a file the program named in {@code credHelpers} for the registry is asked first, then that
 * of {@code credsStore}, then {@code auths} is looked at, where {@code registry/team/app} goes
 * before {@code registry/team} and that before {@code registry}. A helper that is not installed or
 * fails is logged and passed over. Helpers get 30 seconds.
 *
 * <p>Look-ups throw {@link io.runcible.RuncibleException} with INVALID_INPUT when a file is
 * malformed, FAILED_PRECONDITION when it cannot be read, and CANCELLED when the thread is
 * interrupted while a helper runs. Thread-safe.
 */
public final class DockerCredentials implements CredentialStore {
  private static final Duration HELPER_TIMEOUT = Duration.ofSeconds(30);

  private final List<Path> files;
  private final CredentialHelper helper;

  DockerCredentials(List<Path> files, CredentialHelper helper) {
    this.files = List.copyOf(files);
    this.helper = helper;
  }

  /** The files of this user, as the environment of this process says. */
  public static DockerCredentials standard() {
    return new DockerCredentials(
        files(System.getenv(), Path.of(System.getProperty("user.home", "/"))),
        new CredentialHelper(HELPER_TIMEOUT));
  }

  /** One file in Docker's format, such as Kubernetes' {@code .dockerconfigjson}. */
  public static DockerCredentials file(Path file) {
    return new DockerCredentials(List.of(file), new CredentialHelper(HELPER_TIMEOUT));
  }

  static List<Path> files(Map<String, String> environment, Path home) {
    String only = variable(environment, "REGISTRY_AUTH_FILE");
    if (only != null) {
      return List.of(Path.of(only));
    }
    List<Path> files = new ArrayList<>();
    String docker = variable(environment, "DOCKER_CONFIG");
    if (docker != null) {
      files.add(Path.of(docker, "config.json"));
    }
    String runtime = variable(environment, "XDG_RUNTIME_DIR");
    if (runtime != null) {
      files.add(Path.of(runtime, "containers", "auth.json"));
    }
    String config = variable(environment, "XDG_CONFIG_HOME");
    Path configHome = config == null ? home.resolve(".config") : Path.of(config);
    files.add(configHome.resolve(Path.of("containers", "auth.json")));
    if (docker == null) {
      files.add(home.resolve(Path.of(".docker", "config.json")));
    }
    return files;
  }

  private static @Nullable String variable(Map<String, String> environment, String name) {
    String value = environment.get(name);
    return value == null || value.isEmpty() ? null : value;
  }

  @Override
  public Optional<Credentials> find(String registry, String repository) {
    for (Path file : files) {
      Optional<Credentials> found =
          AuthFile.read(file).flatMap(content -> find(content, registry, repository));
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  private Optional<Credentials> find(AuthFile file, String registry, String repository) {
    return file.helper(registry)
        .flatMap(name -> helper.get(name, AuthFile.serverAddress(registry)))
        .or(() -> file.store().flatMap(name -> helper.get(name, AuthFile.serverAddress(registry))))
        .or(() -> file.credentials(registry, repository));
  }

  @Override
  public String description() {
    return files.stream().map(Path::toString).collect(Collectors.joining(" or "));
  }
}
