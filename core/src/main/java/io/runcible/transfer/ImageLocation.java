package io.runcible.transfer;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Where an image is, as text in the syntax of skopeo: a transport, and what that needs.
 *
 * <ul>
 *   <li>{@code docker://REFERENCE}: in a registry
 *   <li>{@code oci:PATH[:IMAGE]}: in the directory of an OCI image layout
 *   <li>{@code oci-archive:PATH[:IMAGE]}: in a tar archive of such a layout
 *   <li>{@code docker-archive:PATH[:IMAGE]}: in an archive as of {@code docker save}
 *   <li>{@code dir:PATH}: alone in a directory of plain files
 *   <li>{@code store:REFERENCE}: in the engine's own store
 *   <li>{@code docker-daemon:REFERENCE} or {@code docker-daemon:ID}: in a Docker daemon
 *   <li>{@code containers-storage:[[overlay@ROOT+RUN]]IMAGE}: in the store of Podman, Buildah and
 *       CRI-O, which is only read; the image as for {@link
 *       io.runcible.layout.ContainersStorage#select}
 * </ul>
 *
 * <p>A path ends at the first colon; that of {@code dir} has no end but the text's. {@code IMAGE}
 * is the name that the image has there, or, to read it, {@code @N} for the image of this number,
 * counted from 0, or {@code @DIGEST}; {@code oci:PATH@DIGEST} is understood, too. Without {@code
 * IMAGE}, the only image is meant, or one without a name is written.
 *
 * <p>Immutable. {@link Transports} opens what a location names.
 */
public final class ImageLocation {
  private static final Pattern PINNED =
      Pattern.compile("([^:]*)@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})");
  private static final Pattern IMAGE_ID = Pattern.compile("(sha256:)?[0-9a-f]{64}");
  private static final int MAX_SHOWN = 150;

  /** The kinds of places. */
  public enum Transport {
    /** A registry. */
    DOCKER("docker"),
    /** The directory of an OCI image layout. */
    OCI("oci"),
    /** A tar archive of an OCI image layout. */
    OCI_ARCHIVE("oci-archive"),
    /** An archive as of {@code docker save}. */
    DOCKER_ARCHIVE("docker-archive"),
    /** A directory of plain files for one image. */
    DIR("dir"),
    /** The engine's own store. */
    STORE("store"),
    /** A Docker daemon. */
    DOCKER_DAEMON("docker-daemon"),
    /** The store of Podman, Buildah and CRI-O. */
    CONTAINERS_STORAGE("containers-storage");

    private final String text;

    Transport(String text) {
      this.text = text;
    }

    /** As in a location, without the colon. */
    @Override
    public String toString() {
      return text;
    }
  }

  private final String text;
  private final Transport transport;
  private final @Nullable Path path;
  private final @Nullable ImageReference reference;
  private final String image;

  private ImageLocation(
      String text,
      Transport transport,
      @Nullable Path path,
      @Nullable ImageReference reference,
      String image) {
    this.text = text;
    this.transport = transport;
    this.path = path;
    this.reference = reference;
    this.image = image;
  }

  /**
   * Reads a location; opens nothing.
   *
   * @throws RuncibleException INVALID_INPUT when there is no transport of that name, or what
   *     follows is not what it needs
   */
  public static ImageLocation parse(String text) {
    int colon = text.indexOf(':');
    String name = colon < 0 ? "" : text.substring(0, colon);
    Transport transport =
        Arrays.stream(Transport.values())
            .filter(known -> known.text.equals(name))
            .findFirst()
            .orElseThrow(() -> unknown(text));
    String rest = text.substring(colon + 1);
    return switch (transport) {
      case DOCKER -> {
        if (!rest.startsWith("//")) {
          throw invalid(text, "'//' has to follow 'docker:'");
        }
        yield named(text, transport, rest.substring(2));
      }
      case STORE -> named(text, transport, rest);
      case DOCKER_DAEMON ->
          IMAGE_ID.matcher(rest).matches()
              ? new ImageLocation(text, transport, null, null, rest)
              : named(text, transport, rest);
      case DIR -> new ImageLocation(text, transport, path(text, rest), null, "");
      case OCI, OCI_ARCHIVE, DOCKER_ARCHIVE -> inside(text, transport, rest);
      case CONTAINERS_STORAGE -> {
        if (rest.isEmpty()) {
          throw invalid(text, "an image has to follow the transport");
        }
        yield new ImageLocation(text, transport, null, null, rest);
      }
    };
  }

  private static ImageLocation named(String text, Transport transport, String reference) {
    try {
      return new ImageLocation(text, transport, null, ImageReference.parse(reference), "");
    } catch (RuncibleException e) {
      throw new RuncibleException(e.kind(), shown(text) + ": " + e.getMessage(), e);
    }
  }

  private static ImageLocation inside(String text, Transport transport, String rest) {
    Matcher pinned = PINNED.matcher(rest);
    if (pinned.matches()) {
      return new ImageLocation(
          text, transport, path(text, pinned.group(1)), null, "@" + pinned.group(2));
    }
    int colon = rest.indexOf(':');
    String path = colon < 0 ? rest : rest.substring(0, colon);
    String image = colon < 0 ? "" : rest.substring(colon + 1);
    if (colon >= 0 && (image.isEmpty() || image.equals("@"))) {
      throw invalid(text, "the name of an image is missing at its end");
    }
    return new ImageLocation(text, transport, path(text, path), null, image);
  }

  private static Path path(String text, String path) {
    if (path.isEmpty()) {
      throw invalid(text, "a path has to follow the transport");
    }
    try {
      return Path.of(path);
    } catch (InvalidPathException e) {
      throw invalid(text, "its path cannot be one: " + e.getReason());
    }
  }

  private static RuncibleException unknown(String text) {
    String known =
        Arrays.stream(Transport.values())
            .map(Transport::toString)
            .collect(Collectors.joining(", "));
    return invalid(
        text,
        "it begins with no transport; for an image in a registry write docker://"
            + plain(text)
            + "; there are "
            + known);
  }

  private static RuncibleException invalid(String text, String reason) {
    return new RuncibleException(
        ErrorKind.INVALID_INPUT, shown(text) + " is not the location of an image: " + reason);
  }

  private static String shown(String text) {
    return "'" + plain(text) + "'";
  }

  private static String plain(String text) {
    String cut = text.length() > MAX_SHOWN ? text.substring(0, MAX_SHOWN) + "…" : text;
    return cut.replaceAll("\\p{Cntrl}", "?");
  }

  /** The kind of place. */
  public Transport transport() {
    return transport;
  }

  /** The directory or archive; empty for what has no path. */
  public Optional<Path> path() {
    return Optional.ofNullable(path);
  }

  /** The full form of the reference in a registry, a store or a daemon. */
  public Optional<ImageReference> reference() {
    return Optional.ofNullable(reference);
  }

  /**
   * Which image in a layout or archive: a name, or a number or digest after an {@code @}. The id of
   * one in a daemon, and all that follows {@code containers-storage:}. Otherwise empty.
   */
  public String image() {
    return image;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ImageLocation that && text.equals(that.text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  /** The text that it was read from. */
  @Override
  public String toString() {
    return text;
  }
}
