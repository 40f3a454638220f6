package io.runcible.registry;

import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What a host says about registries in the files that it shares with podman, skopeo and Docker:
 * mirrors, other locations, what is blocked, aliases (containers-registries.conf, version 2), and
 * certificates (containers-certs.d). {@link #host()} is what a {@link RegistryClient} heeds unless
 * it is told otherwise; {@link #none()} makes a program independent of the host.
 *
 * <p>What the file says of a name is decided in this order. First the {@code [[registry]]} with the
 * longest {@code prefix} is found, and turns the name into effective ones: below its mirrors, and
 * below its location. Then whether a place is blocked or insecure is looked up for the effective
 * name as well; when the two differ, the stricter one counts. Reading tries the mirrors in order
 * and then the location, and goes on to the next when one cannot be reached, refuses or does not
 * have it; a blob that breaks off goes on at the place where it began. Writing, deleting and
 * listing go to the location alone. Credentials are looked for under the effective name.
 *
 * <p>The format is read strictly: a field that is not known, version 1 and contradictions are
 * errors that name the file. Two rules are narrower than podman's: a prefix that is a registry
 * without a port does not match one with a port, and a short name is not tried at several
 * registries in turn ({@link #resolve}).
 *
 * <p>Immutable and thread-safe. The host's files are read once, when they are first needed.
 */
public final class RegistryConfiguration {
  private static final RegistryConfiguration NONE =
      new RegistryConfiguration(() -> RegistriesConf.EMPTY, List.of());

  private final Supplier<RegistriesConf> conf;
  private final List<Path> certificates;

  private RegistryConfiguration(Supplier<RegistriesConf> conf, List<Path> certificates) {
    this.conf = conf;
    this.certificates = List.copyOf(certificates);
  }

  /**
   * The files of this host. If {@code CONTAINERS_REGISTRIES_CONF} is set, it names the only
   * registries.conf. Otherwise it is {@code $XDG_CONFIG_HOME/containers/registries.conf} (by
   * default below {@code ~/.config}), changed by the {@code *.conf} in {@code registries.conf.d}
   * beside it; if that does not exist, {@code /etc/containers/registries.conf}, changed by those in
   * {@code /etc/containers/registries.conf.d} and then by those of the user. The aliases that
   * podman records come last. Certificates are those in {@code certs.d} of the user's directory, of
   * {@code /etc/containers} and of {@code /etc/docker}; the first of these with a directory for the
   * registry counts.
   *
   * <p>Nothing is read yet; what is wrong with the files is an error of the first operation.
   */
  public static RegistryConfiguration host() {
    return host(System.getenv(), Path.of(System.getProperty("user.home", "/")), Path.of("/"));
  }

  static RegistryConfiguration host(Map<String, String> environment, Path home, Path root) {
    HostConfigurationFiles files = new HostConfigurationFiles(environment, home, root);
    return new RegistryConfiguration(new Once(files::read), files.certificates());
  }

  /** Nothing: registries are where their names say, and the JVM knows the authorities. */
  public static RegistryConfiguration none() {
    return NONE;
  }

  /**
   * One registries.conf, without drop-in files and without certificates.
   *
   * @throws RuncibleException INVALID_INPUT when it is malformed, NOT_FOUND when it is not there,
   *     FAILED_PRECONDITION when it cannot be read
   */
  public static RegistryConfiguration file(Path registriesConf) {
    RegistriesConf read = RegistriesConfReader.read(registriesConf);
    return new RegistryConfiguration(() -> read, List.of());
  }

  /**
   * The same with another place for certificates: a directory like {@code /etc/containers/certs.d},
   * in which that of a registry is named {@code host} or {@code host:port}. There, {@code *.crt}
   * are authorities that are trusted besides the usual ones, and {@code NAME.cert} with {@code
   * NAME.key} is a certificate to show to the registry; all are PEM, the key without a passphrase.
   * None of it counts for another host. It is read when the first connection to the registry is
   * made.
   */
  public RegistryConfiguration withCertificates(Path directory) {
    return new RegistryConfiguration(conf, List.of(directory));
  }

  /**
   * The full name for one that a user typed. A short one without a registry, {@code app} or {@code
   * team/app:1}, is looked up in the aliases, to which its tag or digest does not matter. Without
   * an alias, it is one of the only registry in {@code unqualified-search-registries}, or Docker's
   * as for {@link ImageReference#parse} when there are none. {@code short-name-mode} does not
   * matter: with several registries the name is refused, since trying them in turn would hand the
   * choice to whoever takes the name at the first.
   *
   * <p>{@link ImageReference#parse} does not heed aliases, so that a name in a program means the
   * same on every host; a program for people passes here what they type.
   *
   * @throws RuncibleException INVALID_INPUT when it is no name, FAILED_PRECONDITION when several
   *     registries are searched; also what is wrong with the files
   */
  public ImageReference resolve(String typed) {
    return ShortNames.resolve(conf.get(), typed);
  }

  RegistriesConf conf() {
    return conf.get();
  }

  /** Where directories of certificates may be, the first one first. */
  List<Path> certificates() {
    return certificates;
  }

  /** Reads the first time, and again after a failure. Holds no lock: two readings are alike. */
  private static final class Once implements Supplier<RegistriesConf> {
    private final Supplier<RegistriesConf> reading;
    private volatile Optional<RegistriesConf> read = Optional.empty();

    Once(Supplier<RegistriesConf> reading) {
      this.reading = reading;
    }

    @Override
    public RegistriesConf get() {
      Optional<RegistriesConf> known = read;
      if (known.isEmpty()) {
        known = Optional.of(reading.get());
        read = known;
      }
      return known.get();
    }
  }

  /** Where this host has its files. */
  private record HostConfigurationFiles(Map<String, String> environment, Path home, Path root) {
    RegistriesConf read() {
      String only = environment.getOrDefault("CONTAINERS_REGISTRIES_CONF", "");
      List<Path> files = only.isEmpty() ? files() : List.of(Path.of(only));
      RegistriesConf conf = RegistriesConf.EMPTY;
      for (Path file : files) {
        conf = conf.overriddenBy(RegistriesConfReader.read(file));
      }
      return conf;
    }

    private List<Path> files() {
      List<Path> files = new ArrayList<>();
      Path mine = config("XDG_CONFIG_HOME", ".config").resolve("registries.conf");
      Path theirs = root.resolve("etc/containers/registries.conf");
      if (Files.exists(mine)) {
        files.add(mine);
      } else {
        if (Files.exists(theirs)) {
          files.add(theirs);
        }
        files.addAll(ConfigurationFiles.list(dropIns(theirs), ".conf"));
      }
      files.addAll(ConfigurationFiles.list(dropIns(mine), ".conf"));
      for (Path cache :
          List.of(root.resolve("var/cache/containers"), config("XDG_CACHE_HOME", ".cache"))) {
        Path recorded = cache.resolve("short-name-aliases.conf");
        if (Files.isReadable(recorded)) {
          files.add(recorded);
        }
      }
      return files;
    }

    private static Path dropIns(Path file) {
      return file.resolveSibling(file.getFileName() + ".d");
    }

    List<Path> certificates() {
      return List.of(
          config("XDG_CONFIG_HOME", ".config").resolve("certs.d"),
          root.resolve("etc/containers/certs.d"),
          root.resolve("etc/docker/certs.d"));
    }

    private Path config(String variable, String usual) {
      String given = environment.getOrDefault(variable, "");
      return (given.isEmpty() ? home.resolve(usual) : Path.of(given)).resolve("containers");
    }
  }
}
