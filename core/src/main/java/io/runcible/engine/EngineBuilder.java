package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveLimits;
import io.runcible.ffi.NativeAccess;
import io.runcible.ffi.OwnedThreads;
import io.runcible.ffi.Spawn;
import io.runcible.image.ImageSource;
import io.runcible.image.ImageVerifier;
import io.runcible.image.Platform;
import io.runcible.registry.RegistryClient;
import io.runcible.runtime.CgroupManager;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.ThreadFactory;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Collects what an engine works with. Not thread-safe. */
public final class EngineBuilder {
  private @Nullable Path dataRoot;
  private final List<Path> additionalStores = new ArrayList<>();
  private @Nullable Path stateRoot;
  private @Nullable String runtime;
  private @Nullable RuntimeImage runtimeImage;
  private @Nullable CgroupManager cgroupManager;
  private Platform platform = Platform.host();
  private @Nullable ImageSource registry;
  private final List<ImageVerifier> verifiers = new ArrayList<>();
  private HostPolicy policy = HostPolicy.ofThisHost();
  private ArchiveLimits limits = ArchiveLimits.DEFAULT;
  private @Nullable ThreadFactory threads;

  EngineBuilder() {}

  /** Another with the same settings so far, which may be changed without changing this one. */
  public EngineBuilder copy() {
    EngineBuilder copy = new EngineBuilder();
    copy.dataRoot = dataRoot;
    copy.additionalStores.addAll(additionalStores);
    copy.stateRoot = stateRoot;
    copy.runtime = runtime;
    copy.runtimeImage = runtimeImage;
    copy.cgroupManager = cgroupManager;
    copy.platform = platform;
    copy.registry = registry;
    copy.verifiers.addAll(verifiers);
    copy.policy = policy;
    copy.limits = limits;
    copy.threads = threads;
    return copy;
  }

  /**
   * Where images and the files of containers are; see {@link #defaultDataRoot}. Made if it is
   * missing. Where no overlay can be mounted, as on another overlay, the files of an image are
   * copied for each container, see {@link io.runcible.snapshot.Snapshotter#copy}.
   */
  public EngineBuilder dataRoot(Path directory) {
    dataRoot = directory;
    return this;
  }

  /**
   * The data root of another engine, in which images, blobs and layers are looked for, after the
   * engine's own, and before a registry is asked. May be called several times. Nothing is ever
   * written there, so it may be read-only and shared by many hosts; whoever looks after it must not
   * prune it while engines use it. Its layers must be of the same kind: of root for root.
   */
  public EngineBuilder additionalStore(Path directory) {
    additionalStores.add(directory);
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

  /**
   * The OCI runtime, by name or path: {@code runc} or {@code crun}. By default {@code runc} or, on
   * a host that has only that, {@code crun}.
   */
  public EngineBuilder runtime(String program) {
    runtime = program;
    return this;
  }

  /**
   * An image to take programs from that the host lacks: the OCI runtime, if the one of {@link
   * #runtime} is not installed, and the tools of the {@linkplain RuntimeImage#helper helper}. By
   * default there is none, and such a host cannot run containers.
   *
   * <p>{@link #build} fetches the image when something is missing and the data root does not have
   * its programs yet: from the store, if it is there, otherwise from the {@link #registry}. It is
   * verified as every image is, and its programs stay in {@code runtimes} of the data root, with
   * the digest in the path, until an engine without them {@linkplain Images#prune() prunes}. While
   * the engine is open, all engines of this JVM find its programs, after those of the host.
   */
  public EngineBuilder runtimeImage(RuntimeImage image) {
    runtimeImage = image;
    return this;
  }

  /**
   * Who makes the control groups of containers. By default the runtime, if this process is root,
   * because that needs nobody's help; for an ordinary user the user's own systemd or, where that
   * cannot be reached, the runtime in a group that was handed over to the user. Where there is
   * neither, containers have no limits, and {@link Capabilities} says why.
   *
   * <p>{@link #build} fails with UNSUPPORTED if they cannot be made in this way.
   */
  public EngineBuilder cgroupManager(CgroupManager manager) {
    cgroupManager = manager;
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

  /**
   * What the layers of an image may amount to, those together that are not unpacked yet; by default
   * {@link ArchiveLimits#DEFAULT}. An image that is over a limit makes the pull fail with
   * INVALID_INPUT, and nothing of it stays.
   */
  public EngineBuilder archiveLimits(ArchiveLimits limits) {
    this.limits = limits;
    return this;
  }

  /**
   * What makes the threads of the engine; by default daemon threads with names that begin with
   * {@code runcible-}, and with the context class loader of the thread that opens the engine. A
   * server has a factory whose threads it knows and counts. It must be able to make threads until
   * the engine is closed. Programs that the JDK watches, and requests to registries, have
   * short-lived threads of their own.
   */
  public EngineBuilder threads(ThreadFactory factory) {
    threads = factory;
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
    ThreadFactory factory = threads != null ? threads : new OwnedThreads("runcible-");
    FirstStart ahead = FirstStart.ofEngine(factory);
    try {
      return open(factory);
    } finally {
      ahead.awaitEnd();
    }
  }

  private ContainerEngine open(ThreadFactory factory) {
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
            List.copyOf(additionalStores),
            state.toAbsolutePath().normalize(),
            runtimeProgram(),
            Optional.ofNullable(runtimeImage),
            Optional.ofNullable(cgroupManager),
            platform,
            registry,
            all,
            policy,
            limits,
            factory));
  }

  /**
   * What this host offers, and for what is missing why, as {@link ContainerEngine#capabilities},
   * with what comes from the {@link #runtimeImage}. Fetches nothing, and never throws: what is only
   * in an image that was not fetched yet counts as there.
   */
  public Capabilities capabilities() {
    Path data = dataRoot != null ? dataRoot : defaultDataRoot();
    return Capabilities.of(
        data.toAbsolutePath().normalize(), runtimeProgram(), Optional.ofNullable(runtimeImage));
  }

  private String runtimeProgram() {
    return runtime != null ? runtime : defaultRuntime(name -> Spawn.findProgram(name).isPresent());
  }

  static String defaultRuntime(Predicate<String> installed) {
    return !installed.test("runc") && installed.test("crun") ? "crun" : "runc";
  }

  /**
   * Where the engines of this user have their images, unless they are told otherwise: {@code
   * /var/lib/runcible} for root, otherwise {@code runcible} in {@code $XDG_DATA_HOME} or {@code
   * ~/.local/share}. A {@link io.runcible.store.LocalStore} there can be read without an engine.
   */
  public static Path defaultDataRoot() {
    if (NativeAccess.isRoot()) {
      return Path.of("/var/lib/runcible");
    }
    String data = System.getenv("XDG_DATA_HOME");
    return data != null && data.startsWith("/")
        ? Path.of(data, "runcible")
        : home().resolve(".local/share/runcible");
  }

  /** The property is "?" for a user that the host's passwd file does not know. */
  static Path home() {
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
