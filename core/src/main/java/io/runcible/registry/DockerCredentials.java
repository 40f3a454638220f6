package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
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
 *   <li>{@code $XDG_RUNTIME_DIR/containers/auth.json}; if that variable is not set, {@code
 *       /run/containers/UID/auth.json}, if that directory is there or the user is root
 *   <li>{@code $XDG_CONFIG_HOME/containers/auth.json}, by default below {@code ~/.config}
 *   <li>{@code ~/.docker/config.json}, if {@code DOCKER_CONFIG} is not set
 * </ol>
 *
 * <p>In a file the program named in {@code credHelpers} for the registry is asked first, then that
 * of {@code credsStore}, then {@code auths} is looked at, where {@code registry/team/app} goes
 * before {@code registry/team} and that before {@code registry}. A helper that is not installed or
 * fails is logged and passed over. Helpers get 30 seconds.
 *
 * <p>A login is written to the first of the files, as podman and Docker do; what is in {@code
 * $XDG_RUNTIME_DIR} or {@code /run} is gone after a reboot. If the file names a helper for the
 * registry, that keeps the credentials, and the file an empty entry. Otherwise they are in the
 * file, in base64, which is no protection but its mode 0600. Docker's own registry is called {@code
 * https://index.docker.io/v1/} in a file named {@code config.json} and {@code docker.io} elsewhere,
 * unless it is there by the other name. What else is in the file stays. A logout takes the
 * credentials out of that file and that helper only; what another file has is then found again.
 *
 * <p>Look-ups throw {@link RuncibleException} with INVALID_INPUT when a file is malformed,
 * FAILED_PRECONDITION when it cannot be read, and CANCELLED when the thread is interrupted while a
 * helper runs. Thread-safe.
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
        files(System.getenv(), Path.of(System.getProperty("user.home", "/")), systemRuntime()),
        new CredentialHelper(HELPER_TIMEOUT));
  }

  /** Those of this user, unless {@code credential-helpers} of registries.conf say otherwise. */
  static CredentialStore standard(RegistryConfiguration configuration) {
    return new ConfiguredCredentials(
        configuration, standard(), new CredentialHelper(HELPER_TIMEOUT));
  }

  /**
   * The content of a Kubernetes secret of the type {@code kubernetes.io/dockerconfigjson} or {@code
   * kubernetes.io/dockercfg}, after base64 is undone. As for the kubelet, a key may have asterisks,
   * which stand for a part of a host ({@code *.registry.example}), and may be a path, which counts
   * for all repositories below it. Nothing can be stored in it.
   *
   * @throws RuncibleException INVALID_INPUT when it is malformed
   */
  public static CredentialStore kubernetes(byte[] secret) {
    return new KubernetesSecret(secret);
  }

  /** One file in Docker's format. It need not be there, and is made by {@link #store}. */
  public static DockerCredentials file(Path file) {
    return new DockerCredentials(List.of(file), new CredentialHelper(HELPER_TIMEOUT));
  }

  /** Where podman keeps logins of a user without a runtime directory of their own. */
  private static Optional<Path> systemRuntime() {
    Path all = Path.of("/run/containers");
    try {
      int user = (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
      Path mine = all.resolve(Integer.toString(user));
      return user == 0 || Files.isDirectory(mine) ? Optional.of(mine) : Optional.empty();
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      // Not Linux.
      return Optional.empty();
    }
  }

  static List<Path> files(
      Map<String, String> environment, Path home, Optional<Path> systemRuntime) {
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
    } else {
      systemRuntime.ifPresent(directory -> files.add(directory.resolve("auth.json")));
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

  /**
   * {@inheritDoc}
   *
   * @throws RuncibleException INVALID_INPUT when the file is malformed, FAILED_PRECONDITION when it
   *     cannot be written or the helper fails, UNSUPPORTED when a helper would have to keep
   *     credentials for a part of a registry
   */
  @Override
  public void store(String key, Credentials credentials) {
    Optional<String> helper = helper(key);
    helper.ifPresent(name -> this.helper.store(name, AuthFile.serverAddress(key), credentials));
    Path file = files.get(0);
    new AuthFileEditor(file)
        .edit(root -> AuthFile.set(root, file, key, helper.isPresent() ? null : credentials));
  }

  /**
   * {@inheritDoc}
   *
   * @throws RuncibleException as {@link #store}
   */
  @Override
  public boolean erase(String key) {
    Optional<String> helper = helper(key);
    String address = AuthFile.serverAddress(key);
    boolean kept = helper.flatMap(name -> this.helper.get(name, address)).isPresent();
    if (kept) {
      helper.ifPresent(name -> this.helper.erase(name, address));
    }
    Path file = files.get(0);
    Optional<AuthFile> present = AuthFile.read(file);
    if (present.filter(content -> content.has(key)).isEmpty()) {
      return kept;
    }
    new AuthFileEditor(file).edit(root -> AuthFile.remove(root, key));
    return true;
  }

  /** The helper that has the credentials for a key. */
  private Optional<String> helper(String key) {
    int slash = key.indexOf('/');
    String registry = slash < 0 ? key : key.substring(0, slash);
    Optional<String> name =
        AuthFile.read(files.get(0)).flatMap(file -> file.helper(registry).or(file::store));
    name.ifPresent(helper -> requireWhole(helper, key));
    return name;
  }

  /** Helpers know no parts of registries. */
  static void requireWhole(String helper, String key) {
    if (key.indexOf('/') >= 0) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "the credential helper "
              + helper
              + " keeps credentials for a registry, not for a part like "
              + key);
    }
  }

  @Override
  public String description() {
    return files.stream().map(Path::toString).collect(Collectors.joining(" or "));
  }
}
