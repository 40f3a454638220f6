package io.runcible.layout;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.NativeAccess;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The store of Podman, Buildah and CRI-O, read where its layers are kept by the driver {@code
 * overlay}: the archive of a layer is put together again from its files and from what was kept of
 * the archive beside them. What cannot be read so is UNSUPPORTED, and the message has the {@code
 * skopeo copy} line that copies the image first.
 *
 * <p>Nothing is written there, and no lock is taken. An image that is removed meanwhile is an
 * error, and never something else than it was: a file has to have the length and checksum that it
 * had, and who reads a layer verifies its digest. No path there leads out of the store.
 *
 * <p>Layers are served uncompressed, and an image has a manifest that says so, always the same for
 * the same image, as for a {@link DockerArchive}; configuration and annotations are as they were.
 *
 * <p>Linux only; of a store of an ordinary user, files that belong to other ids of its range can
 * often not be read. Thread-safe.
 */
public final class ContainersStorage implements ImageSource {
  private static final String OVERLAY = "overlay";
  private static final String IMAGES = "-images";
  private static final Pattern ID = Pattern.compile("[0-9a-f]{3,64}");

  private final StorageSettings settings;

  /** How skopeo is told which store it is; empty for the user's own. */
  private final String prefix;

  /** Those that were read, by their ids. */
  private final Map<String, StorageImage> known = new ConcurrentHashMap<>();

  private ContainersStorage(StorageSettings settings, String prefix) {
    this.settings = settings;
    this.prefix = prefix;
  }

  /**
   * The store of this user: where the first {@code storage.conf} says, otherwise {@code
   * /var/lib/containers/storage} for root, and {@code ~/.local/share/containers/storage} for
   * others. It is not looked at yet.
   *
   * @throws RuncibleException UNSUPPORTED when the file is not understood, or not on Linux
   */
  public static ContainersStorage open() {
    StorageSettings.User user =
        new StorageSettings.User(
            System.getenv(),
            Path.of(System.getProperty("user.home")),
            NativeAccess.effectiveUid(),
            Path.of("/"));
    return new ContainersStorage(StorageSettings.of(user), "");
  }

  /**
   * The store in a directory, of the driver {@code overlay}. It is not looked at yet.
   *
   * @param root what {@code storage.conf} calls graphroot
   */
  public static ContainersStorage open(Path root) {
    Path absolute = root.toAbsolutePath();
    return new ContainersStorage(
        new StorageSettings(absolute, OVERLAY), "[" + OVERLAY + "@" + absolute + "]");
  }

  /** What the store says of itself. */
  private record Content(
      List<StorageRecords.StoredImage> images, Map<String, StorageRecords.StoredLayer> layers) {}

  /** Reads something. */
  private interface Reading<T> {
    T read() throws IOException;
  }

  /** What goes wrong because the store is as it is comes with what to do instead. */
  private <T> T reading(String image, Reading<T> reading) {
    try {
      return reading.read();
    } catch (AccessDeniedException e) {
      throw refusal(image, e);
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot read " + image + " in " + this, e);
    } catch (RuncibleException e) {
      throw isOfTheStore(e) ? refusal(image, String.valueOf(e.getMessage()), e) : e;
    }
  }

  private static boolean isOfTheStore(RuncibleException e) {
    return e.kind() == ErrorKind.UNSUPPORTED || e.kind() == ErrorKind.PERMISSION_DENIED;
  }

  private RuncibleException refusal(String image, AccessDeniedException cause) {
    return refusal(image, "this user may not read " + cause.getMessage(), cause);
  }

  private RuncibleException refusal(String image, String reason, Exception cause) {
    String quoted = "'" + ("containers-storage:" + prefix + image).replace("'", "'\\''") + "'";
    return new RuncibleException(
        ErrorKind.UNSUPPORTED,
        this
            + " cannot be read here: "
            + reason
            + "; copy the image first: skopeo copy "
            + quoted
            + " oci-archive:image.tar, and use oci-archive:image.tar",
        cause);
  }

  private Content content() throws IOException {
    if (!settings.driver().isEmpty() && !settings.driver().equals(OVERLAY)) {
      throw otherDriver(settings.driver());
    }
    StorageRecords records = new StorageRecords(new StorageFiles(settings.root(), ""));
    try {
      return new Content(records.images(), records.layers());
    } catch (NoSuchFileException e) {
      Optional<String> driver = driver();
      if (driver.isPresent() && !driver.get().equals(OVERLAY)) {
        throw otherDriver(driver.get());
      }
      throw new RuncibleException(ErrorKind.NOT_FOUND, this + " is not there, or has no images", e);
    }
  }

  private static RuncibleException otherDriver(String driver) {
    return new RuncibleException(
        ErrorKind.UNSUPPORTED, "its driver is " + TarMembers.shown(driver) + ", not " + OVERLAY);
  }

  /** The driver that has images there. */
  private Optional<String> driver() throws IOException {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(settings.root(), "*" + IMAGES)) {
      for (Path directory : found) {
        String name = directory.getFileName().toString();
        return Optional.of(name.substring(0, name.length() - IMAGES.length()));
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      // Then there are none.
    }
    return Optional.empty();
  }

  private ImageEntries entries(Content content) {
    return new ImageEntries(
        content.images().stream()
            .map(
                image ->
                    new ImageEntries.Entry(
                        image.names().isEmpty() ? List.of("@" + image.id()) : image.names(),
                        () -> descriptor(content, image)))
            .toList(),
        toString());
  }

  private Descriptor descriptor(Content content, StorageRecords.StoredImage image) {
    Descriptor descriptor = image(content, image).manifest().descriptor();
    return image.names().isEmpty() ? descriptor : named(descriptor, image.names().get(0));
  }

  private static Descriptor named(Descriptor image, String name) {
    return image.withAnnotations(Map.of(LayoutIndex.NAME, name));
  }

  private StorageImage image(Content content, StorageRecords.StoredImage image) {
    StorageImage before = known.get(image.id());
    if (before != null) {
      return before;
    }
    try {
      StorageImage read = StorageImage.of(settings.root(), image, content.layers());
      known.put(image.id(), read);
      return read;
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot read image " + image.id() + " in " + this, e);
    } catch (RuncibleException e) {
      if (isOfTheStore(e)) {
        throw e;
      }
      throw new RuncibleException(
          e.kind(), "cannot read image " + image.id() + " in " + this + ": " + e.getMessage(), e);
    }
  }

  /**
   * Finds an image as the transport name of skopeo does: by a name, which stands for its tag {@code
   * latest} when it has none, by a name and a digest, by {@code @} and an id or a digest, of an id
   * the beginning is enough, or by an id alone. Nothing means the only image. The digest of an
   * image is that of the manifest it was stored with; the descriptor has another one.
   *
   * @throws RuncibleException NOT_FOUND when there is no such image or no store, INVALID_INPUT when
   *     there are several, UNSUPPORTED when it cannot be read, with what to do instead;
   *     CORRUPT_DATA when parts of it are missing or contradict each other
   */
  public Descriptor select(String image) {
    return reading(image, () -> selected(content(), image));
  }

  private Descriptor selected(Content content, String image) {
    int at = image.indexOf('@');
    if (at < 0 && !isId(content, image)) {
      Descriptor found = entries(content).select(image);
      return image.isEmpty() ? found : named(found, ImageEntries.expanded(image));
    }
    String pin = image.substring(at + 1);
    Predicate<StorageRecords.StoredImage> wanted =
        pin.indexOf(':') >= 0
            ? stored -> stored.hasDigest(pin)
            : stored -> ID.matcher(pin).matches() && stored.id().startsWith(pin);
    String name = image.substring(0, Math.max(at, 0));
    return only(content, image, wanted.and(stored -> name.isEmpty() || in(name, stored)));
  }

  /** Whether this is the id of an image and not its name. */
  private static boolean isId(Content content, String text) {
    String name = ImageEntries.expanded(text);
    return ID.matcher(text).matches()
        && content.images().stream().noneMatch(image -> image.names().contains(name))
        && content.images().stream().anyMatch(image -> image.id().startsWith(text));
  }

  /** Whether an image has a name in the repository of this one. */
  private static boolean in(String name, StorageRecords.StoredImage image) {
    String repository = ImageReference.parse(name).name();
    return image.names().stream()
        .anyMatch(own -> own.startsWith(repository + ":") || own.startsWith(repository + "@"));
  }

  private Descriptor only(
      Content content, String asked, Predicate<StorageRecords.StoredImage> wanted) {
    List<StorageRecords.StoredImage> found = content.images().stream().filter(wanted).toList();
    if (found.isEmpty()) {
      throw entries(content).missing("image " + TarMembers.shown(asked));
    }
    if (found.stream().map(StorageRecords.StoredImage::id).distinct().count() > 1) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          this + " has " + found.size() + " images of " + TarMembers.shown(asked));
    }
    return descriptor(content, found.get(0));
  }

  @Override
  public Descriptor resolve(ImageReference reference) {
    if (reference.digest().isEmpty()) {
      return reading(reference.toString(), () -> entries(content()).tagged(reference));
    }
    Digest digest = reference.digest().get();
    return find(image -> image.manifest().digest().equals(digest), digest, reference)
        .manifest()
        .descriptor();
  }

  @Override
  public List<String> tags(ImageReference repository) {
    return reading(repository.name(), () -> entries(content()).tags(repository));
  }

  @Override
  public byte[] manifest(ImageReference reference, Descriptor descriptor) {
    Digest digest = descriptor.digest();
    byte[] raw =
        find(image -> image.manifest().digest().equals(digest), digest, reference).manifest().raw();
    descriptor.verify(raw);
    return raw;
  }

  @Override
  public InputStream blob(ImageReference reference, Descriptor descriptor) {
    Digest digest = descriptor.digest();
    StorageImage image = find(found -> found.has(digest), digest, reference);
    return reading(
        reference.toString(),
        () -> image.open(digest, denied -> refusal(reference.toString(), denied)));
  }

  @Override
  public long blobSize(ImageReference reference, Digest digest) {
    return find(image -> image.has(digest), digest, reference).size(digest);
  }

  /** Looks among the images that are known first, and then at all, as far as they can be read. */
  private StorageImage find(
      Predicate<StorageImage> wanted, Digest digest, ImageReference reference) {
    return known.values().stream()
        .filter(wanted)
        .findFirst()
        .or(() -> reading(reference.toString(), () -> search(content(), wanted)))
        .orElseThrow(
            () ->
                new RuncibleException(
                    ErrorKind.NOT_FOUND, this + " has no " + digest + " of " + reference));
  }

  private Optional<StorageImage> search(Content content, Predicate<StorageImage> wanted) {
    for (StorageRecords.StoredImage stored : content.images()) {
      @Nullable StorageImage image = readable(content, stored);
      if (image != null && wanted.test(image)) {
        return Optional.of(image);
      }
    }
    return Optional.empty();
  }

  private @Nullable StorageImage readable(Content content, StorageRecords.StoredImage stored) {
    try {
      return image(content, stored);
    } catch (RuncibleException e) {
      return null;
    }
  }

  /** Says where it is. */
  @Override
  public String toString() {
    return "the containers storage " + settings.root();
  }

  /** Does nothing: no file is held open. */
  @Override
  public void close() {}
}
