package io.runcible.transfer;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.layout.ContainersStorage;
import io.runcible.layout.DockerArchive;
import io.runcible.layout.DockerDaemon;
import io.runcible.layout.ImageDirectory;
import io.runcible.layout.ImageLayout;
import io.runcible.layout.OciArchive;
import io.runcible.registry.RegistryClient;
import io.runcible.store.LocalStore;
import java.net.URI;
import java.nio.file.Path;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Opens what an {@link ImageLocation} names.
 *
 * <pre>{@code
 * Transports transports = Transports.standard();
 * try (OpenLocation<ImageSource> from =
 *         transports.source(ImageLocation.parse("docker-archive:app.tar"));
 *     OpenLocation<ImageSink> to = transports.sink(ImageLocation.parse("oci:images:app"))) {
 *   ImageCopy.between(from.images(), to.images()).copy(from.reference(), to.reference());
 *   to.images().commit();
 * }
 * }</pre>
 *
 * <p>Immutable and thread-safe.
 */
public final class Transports {
  private static final String NAME = "org.opencontainers.image.ref.name";

  private static final String OVERLAY = "overlay";

  /** As skopeo has it: {@code [DRIVER@ROOT+RUN:OPTIONS]IMAGE}, where all but the image may miss. */
  private static final Pattern STORAGE =
      Pattern.compile(
          "(\\[((?<driver>[^@\\]]+)@)?(?<root>[^]+:]*)(\\+[^]:]*)?(:[^]]*)?])?(?<image>[^\\[]*)");

  /** What an image is called that has no name, where it needs one. */
  private static final ImageReference UNNAMED = ImageReference.parse("localhost/image:latest");

  private final @Nullable RegistryClient registry;
  private final @Nullable LocalStore store;
  private final @Nullable URI dockerHost;

  private Transports(
      @Nullable RegistryClient registry, @Nullable LocalStore store, @Nullable URI dockerHost) {
    this.registry = registry;
    this.store = store;
    this.dockerHost = dockerHost;
  }

  /**
   * With a new registry client of standard settings for each location, the Docker daemon of the
   * environment, and no store.
   */
  public static Transports standard() {
    return new Transports(null, null, null);
  }

  /** The same with this client for registries, which is not closed with a location. */
  public Transports withRegistry(RegistryClient client) {
    return new Transports(Objects.requireNonNull(client, "client"), store, dockerHost);
  }

  /** The same with this store for {@code store:}. */
  public Transports withStore(LocalStore store) {
    return new Transports(registry, Objects.requireNonNull(store, "store"), dockerHost);
  }

  /**
   * The same with another Docker daemon than that of the environment.
   *
   * @param host as for {@link DockerDaemon#open(URI)}
   */
  public Transports withDockerHost(URI host) {
    return new Transports(registry, store, Objects.requireNonNull(host, "host"));
  }

  /**
   * Opens a location to read its image. In a layout, archive or directory, the image is looked up
   * now, and {@link OpenLocation#reference} is pinned to its digest; so it is in a {@link
   * ContainersStorage}. An archive that is compressed or a pipe, and an image of a daemon, are
   * written to a temporary file now. A registry and a store are not asked yet; what is read of a
   * store stays there until the location is closed.
   *
   * @return the caller closes it
   * @throws RuncibleException NOT_FOUND when there is no such place or no such image in it,
   *     INVALID_INPUT when there are several and the location names none, with the names that there
   *     are; FAILED_PRECONDITION for {@code store:} without a store; UNSUPPORTED for what of {@code
   *     containers-storage:} cannot be read, with what to do instead; and what opening throws
   */
  public OpenLocation<ImageSource> source(ImageLocation location) {
    return switch (location.transport()) {
      case DOCKER -> {
        RegistryClient client = registry != null ? registry : RegistryClient.create();
        yield new OpenLocation<>(
            client, reference(location), registry != null ? () -> {} : client::close);
      }
      case STORE -> {
        LocalStore opened = store(location);
        ImageReference reference = reference(location);
        ImageSource source = opened.source();
        yield new OpenLocation<>(source, reference, source::close);
      }
      case OCI -> {
        ImageLayout layout = ImageLayout.open(path(location));
        yield selected(layout, () -> layout.select(location.image()), location);
      }
      case OCI_ARCHIVE -> {
        OciArchive archive = OciArchive.open(path(location));
        yield selected(archive, () -> archive.select(location.image()), location);
      }
      case DOCKER_ARCHIVE -> {
        DockerArchive archive = DockerArchive.open(path(location));
        yield selected(archive, () -> archive.select(location.image()), location);
      }
      case DIR -> {
        ImageDirectory directory = ImageDirectory.open(path(location));
        yield selected(directory, () -> directory.resolve(UNNAMED), location);
      }
      case DOCKER_DAEMON -> exported(location);
      case CONTAINERS_STORAGE -> stored(location);
    };
  }

  private OpenLocation<ImageSource> exported(ImageLocation location) {
    try (DockerDaemon daemon = daemon()) {
      String image = location.reference().map(ImageReference::toString).orElse(location.image());
      DockerArchive archive = daemon.export(image);
      return selected(archive, () -> archive.select(""), location);
    }
  }

  /** Finds an image. */
  @FunctionalInterface
  private interface Selection {
    Descriptor select();
  }

  private static OpenLocation<ImageSource> selected(
      ImageSource source, Selection selection, ImageLocation location) {
    try {
      Descriptor image = selection.select();
      String name = image.annotations().getOrDefault(NAME, location.image());
      ImageReference reference = location.reference().orElseGet(() -> reference(name));
      return new OpenLocation<>(source, reference.withDigest(image.digest()), source::close);
    } catch (RuntimeException e) {
      source.close();
      throw e;
    }
  }

  /** A reference for the name of an image, which can be any text. */
  private static ImageReference reference(String name) {
    try {
      return name.indexOf(':') >= 0 || name.indexOf('/') >= 0
          ? ImageReference.parse(name)
          : UNNAMED.withTag(name);
    } catch (RuncibleException e) {
      return UNNAMED;
    }
  }

  /**
   * Opens a location to write an image there, under {@link OpenLocation#reference}. A directory is
   * made where there is none. After writing, {@link ImageSink#commit} has to be called: an archive
   * is made, or replaced, and a daemon gets the image only then.
   *
   * @return the caller closes it
   * @throws RuncibleException INVALID_INPUT when the location names an image by its number or
   *     digest, FAILED_PRECONDITION for {@code store:} without a store, or when a directory has
   *     other files; UNSUPPORTED for {@code containers-storage:}, with what to do instead; and what
   *     opening throws
   */
  public OpenLocation<ImageSink> sink(ImageLocation location) {
    if (location.image().startsWith("@")) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "cannot write to '" + location + "': a new image has a name, not a number or a digest");
    }
    String image = location.image();
    return switch (location.transport()) {
      case DOCKER -> {
        RegistryClient client = registry != null ? registry : RegistryClient.create();
        yield new OpenLocation<>(
            client, reference(location), registry != null ? () -> {} : client::close);
      }
      case STORE -> {
        ImageSink sink = store(location).sink();
        yield new OpenLocation<>(sink, reference(location), sink::close);
      }
      case OCI -> {
        ImageLayout layout = ImageLayout.create(path(location));
        yield named(image.isEmpty() ? new UntaggedSink(layout) : layout.named(image), image);
      }
      case OCI_ARCHIVE ->
          named(
              image.isEmpty()
                  ? new UntaggedSink(OciArchive.create(path(location)))
                  : OciArchive.create(path(location), image),
              image);
      case DOCKER_ARCHIVE -> dockerArchive(location);
      case DIR -> named(ImageDirectory.create(path(location)), image);
      case DOCKER_DAEMON -> loading(location);
      case CONTAINERS_STORAGE -> throw copyAfterwards(location);
    };
  }

  private static OpenLocation<ImageSink> named(ImageSink sink, String name) {
    return new OpenLocation<>(sink, reference(name), sink::close);
  }

  /** Here a name has to be a reference, as Docker would refuse any other. */
  private static OpenLocation<ImageSink> dockerArchive(ImageLocation location) {
    String image = location.image();
    ImageReference reference = image.isEmpty() ? UNNAMED : ImageReference.parse(image);
    ImageSink sink = DockerArchive.create(path(location));
    return new OpenLocation<>(
        image.isEmpty() ? new UntaggedSink(sink) : sink, reference, sink::close);
  }

  private OpenLocation<ImageSink> loading(ImageLocation location) {
    ImageReference reference = reference(location);
    DockerDaemon daemon = daemon();
    ImageSink sink = daemon.load();
    return new OpenLocation<>(
        sink,
        reference,
        () -> {
          try (daemon) {
            sink.close();
          }
        });
  }

  private DockerDaemon daemon() {
    return dockerHost == null ? DockerDaemon.open() : DockerDaemon.open(dockerHost);
  }

  private LocalStore store(ImageLocation location) {
    if (store == null) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "cannot open '" + location + "': no store was given; see Transports.withStore");
    }
    return store;
  }

  private static Path path(ImageLocation location) {
    return location.path().orElseThrow();
  }

  private static ImageReference reference(ImageLocation location) {
    return location
        .reference()
        .orElseThrow(
            () ->
                new RuncibleException(
                    ErrorKind.INVALID_INPUT,
                    "'" + location + "' names an image by its id, and needs a reference here"));
  }

  private static OpenLocation<ImageSource> stored(ImageLocation location) {
    Matcher parts = STORAGE.matcher(location.image());
    if (!parts.matches()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "in '" + location + "', the ']' after the store is missing");
    }
    String driver = Objects.requireNonNullElse(parts.group("driver"), OVERLAY);
    String root = Objects.requireNonNullElse(parts.group("root"), "");
    if (!driver.equals(OVERLAY)) {
      throw copyFirst(location, driver);
    }
    if (!root.isEmpty() && !root.startsWith("/")) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "in '" + location + "', the path of the store is not absolute");
    }
    ContainersStorage storage =
        root.isEmpty() ? ContainersStorage.open() : ContainersStorage.open(Path.of(root));
    return selected(storage, () -> storage.select(parts.group("image")), location);
  }

  private static RuncibleException copyFirst(ImageLocation location, String driver) {
    return new RuncibleException(
        ErrorKind.UNSUPPORTED,
        "a store of the driver '"
            + driver
            + "' cannot be read; copy the image first: skopeo copy "
            + quoted(location)
            + " oci-archive:image.tar, and use oci-archive:image.tar");
  }

  private static RuncibleException copyAfterwards(ImageLocation location) {
    return new RuncibleException(
        ErrorKind.UNSUPPORTED,
        "nothing is written into the store of Podman; write oci-archive:image.tar, and then: "
            + "skopeo copy oci-archive:image.tar "
            + quoted(location));
  }

  private static String quoted(ImageLocation location) {
    return "'" + location.toString().replace("'", "'\\''") + "'";
  }
}
