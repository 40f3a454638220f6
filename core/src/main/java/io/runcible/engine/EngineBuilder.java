package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.NativeAccess;
import io.runcible.image.ImageSource;
import io.runcible.image.ImageVerifier;
import io.runcible.image.Platform;
import io.runcible.registry.RegistryClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/** Collects what an engine works with. Not thread-safe. */
public final class EngineBuilder {
  private @Nullable Path dataRoot;
  private @Nullable Path stateRoot;
  private String runtime = "runc";
  private Platform platform = Platform.host();
  private @Nullable ImageSource registry;
  private final List<ImageVerifier> verifiers = new ArrayList<>();
  private HostPolicy policy = HostPolicy.ofThisHost();

  EngineBuilder() {}

  /**
   * Where images and the files of containers are. By default {@code /var/lib/runcible} for root,
   * otherwise {@code runcible} in {@code $XDG_DATA_HOME} or {@code ~/.local/share}. Made if it is
   * missing. Must not lie on an overlay file system.
   */
  public EngineBuilder dataRoot(Path directory) {
    dataRoot = directory;
    return this;
  }

  /**
   * Where the runtime keeps what does not outlive a reboot. By default {@code /run/runcible} for
   * root, otherwise {@code runcible} in {@code $XDG_RUNTIME_DIR} or, without one, below the data
   * root. Made if it is missing.
   */
  public EngineBuilder stateRoot(Path directory) {
    stateRoot = directory;
    return this;
  }

  /** The OCI runtime, by name or path: {@code runc}, which is the default, or {@code crun}. */
  public EngineBuilder runtime(String program) {
    runtime = program;
    return this;
  }

  /** Which image is taken from an index; by default the host's own platform. */
  public EngineBuilder platform(Platform platform) {
    this.platform = platform;
    return this;
  }

  /**
   * Where images are pulled from; by default a {@link RegistryClient} with its defaults, which
   * heeds the host's registries.conf, certificates and proxies, and looks credentials up where
   * docker and podman keep them. The caller closes it after the engine.
   *
   * <p>The host's policy must accept an image by its name and by all names under which such a
   * client looks for it ({@link RegistryClient#names}).
   */
  public EngineBuilder registry(ImageSource registry) {
    this.registry = registry;
    return this;
  }

  /**
   * Asks this verifier before any layer of an image is fetched, besides those that {@link
   * ServiceLoader} finds. With a verifier the host's {@code policy.json} is its business.
   */
  public EngineBuilder verifier(ImageVerifier verifier) {
    verifiers.add(verifier);
    return this;
  }

  /** Reads another policy than the host's. */
  EngineBuilder policy(HostPolicy policy) {
    this.policy = policy;
    return this;
  }

  /**
   * Opens the engine.
   *
   * @throws RuncibleException as {@link ContainerEngine#create()}
   */
  public ContainerEngine build() {
    NativeAccess.whyUnavailable()
        .ifPresent(
            reason -> {
              throw new RuncibleException(
                  ErrorKind.UNSUPPORTED, "containers cannot run here: " + reason);
            });
    List<ImageVerifier> all = new ArrayList<>(verifiers);
    ServiceLoader.load(ImageVerifier.class, ImageVerifier.class.getClassLoader()).forEach(all::add);
    Path data = dataRoot != null ? dataRoot : defaultDataRoot();
    Path state = stateRoot != null ? stateRoot : defaultStateRoot(data);
    return new ContainerEngine(
        EngineResources.open(
            data.toAbsolutePath().normalize(),
            state.toAbsolutePath().normalize(),
            runtime,
            platform,
            registry,
            all,
            policy));
  }

  private static Path defaultDataRoot() {
    if (NativeAccess.isRoot()) {
      return Path.of("/var/lib/runcible");
    }
    String data = System.getenv("XDG_DATA_HOME");
    return data != null && data.startsWith("/")
        ? Path.of(data, "runcible")
        : home().resolve(".local/share/runcible");
  }

  /** The property is "?" for a user that the host's passwd file does not know. */
  private static Path home() {
    String home = System.getenv("HOME");
    return Path.of(
        home != null && home.startsWith("/") ? home : System.getProperty("user.home", "/"));
  }

  private static Path defaultStateRoot(Path data) {
    if (NativeAccess.isRoot()) {
      return Path.of("/run/runcible");
    }
    String runtimeDirectory = System.getenv("XDG_RUNTIME_DIR");
    return runtimeDirectory != null && Files.isWritable(Path.of(runtimeDirectory))
        ? Path.of(runtimeDirectory, "runcible")
        : data.resolve("run");
  }
}
