package io.runcible.image;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The name of an image: a registry, a repository in it, and a tag or a digest or both. When there
 * is a digest, it decides what the image is, and a tag beside it is for people.
 *
 * <p>Short names mean what they mean to Docker: {@code redis} is {@code
 * docker.io/library/redis:latest}, {@code team/app} is {@code docker.io/team/app:latest}. The first
 * part is a registry when it has a dot or a colon or is {@code localhost}: {@code
 * registry.example:5000/app}, {@code [::1]:5000/app}.
 */
public final class ImageReference {
  static final String DEFAULT_REGISTRY = "docker.io";

  private static final String DEFAULT_TAG = "latest";

  private final String registry;
  private final String repository;
  private final @Nullable String tag;
  private final @Nullable Digest digest;

  private ImageReference(
      String registry, String repository, @Nullable String tag, @Nullable Digest digest) {
    this.registry = registry;
    this.repository = repository;
    this.tag = tag;
    this.digest = digest;
  }

  /**
   * Reads a reference and expands it to its full form. The tag {@code latest} is assumed only when
   * there is neither a tag nor a digest.
   *
   * @throws RuncibleException INVALID_INPUT saying what is wrong and at which character, counted
   *     from 1
   */
  public static ImageReference parse(String text) {
    ReferenceParser parser = new ReferenceParser(text);
    parser.parse();
    boolean bare = parser.tag == null && parser.digest == null;
    return new ImageReference(
        parser.registry, parser.repository, bare ? DEFAULT_TAG : parser.tag, parser.digest);
  }

  /**
   * The host of the registry, with its port when one was given, in lower case: {@code docker.io},
   * {@code registry.example:5000}, {@code [::1]:5000}.
   */
  public String registry() {
    return registry;
  }

  /** The repository in the registry: {@code library/redis}. */
  public String repository() {
    return repository;
  }

  /** The registry and the repository: {@code docker.io/library/redis}. */
  public String name() {
    return registry + "/" + repository;
  }

  /** The tag; empty when only a digest was given. */
  public Optional<String> tag() {
    return Optional.ofNullable(tag);
  }

  /** The digest, when one was given. */
  public Optional<Digest> digest() {
    return Optional.ofNullable(digest);
  }

  /**
   * The same repository with this tag and without a digest, which would win over the tag.
   *
   * @throws RuncibleException INVALID_INPUT when the tag breaks the grammar of tags
   */
  public ImageReference withTag(String tag) {
    ReferenceParser.checkTag(tag, tag, 0);
    return new ImageReference(registry, repository, tag, null);
  }

  /** The same repository and tag, pinned to a digest. */
  public ImageReference withDigest(Digest digest) {
    return new ImageReference(registry, repository, tag, Objects.requireNonNull(digest, "digest"));
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ImageReference that && toString().equals(that.toString());
  }

  @Override
  public int hashCode() {
    return toString().hashCode();
  }

  /** The full form, which {@link #parse} reads back: {@code registry/repository:tag@digest}. */
  @Override
  public String toString() {
    return name() + (tag == null ? "" : ":" + tag) + (digest == null ? "" : "@" + digest);
  }

  static RuncibleException invalid(String text, String reason) {
    return new RuncibleException(
        ErrorKind.INVALID_INPUT, Shown.of(text) + " is not an image reference: " + reason);
  }
}
