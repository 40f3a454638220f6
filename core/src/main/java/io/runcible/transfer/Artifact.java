package io.runcible.transfer;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Files as an artifact that registries keep beside images: a manifest with a type of its own, and a
 * layer for each file, with its name (OCI image specification, "Guidelines for Artifact Usage").
 * Equal parts give equal bytes. Immutable; the files stay the caller's.
 *
 * <pre>{@code
 * Artifact sbom =
 *     Artifact.builder("application/spdx+json")
 *         .file(Path.of("app.spdx.json"), "application/spdx+json")
 *         .subject(image)
 *         .build();
 * sbom.writeTo(registry, repository.withDigest(sbom.manifest().digest()));
 * Artifact.read(registry, reference, Path.of("out"), 1 << 20);
 * }</pre>
 */
public final class Artifact {
  static final String TITLE = "org.opencontainers.image.title";

  private final Map<Digest, Content> contents;
  private final Manifest manifest;

  private Artifact(Builder builder) {
    contents = Map.copyOf(builder.contents);
    manifest =
        Manifest.ofArtifact(
            builder.artifactType,
            List.copyOf(builder.layers.values()),
            builder.annotations,
            builder.subject);
  }

  /**
   * Starts an artifact without files.
   *
   * @param artifactType a media type that says what it is
   */
  public static Builder builder(String artifactType) {
    return new Builder(artifactType);
  }

  /** The manifest. */
  public Manifest manifest() {
    return manifest;
  }

  /**
   * Writes the artifact: what the sink lacks of the files, and at last the manifest, under the tag
   * of the reference if it has one. Blocks.
   *
   * @param sink not closed
   * @return points at the manifest
   * @throws RuncibleException INVALID_INPUT when the reference has another digest than the
   *     manifest, NOT_FOUND when a file is gone, CORRUPT_DATA when it has changed, and what the
   *     sink throws
   */
  public Descriptor writeTo(ImageSink sink, ImageReference reference) {
    if (!reference.digest().orElse(manifest.digest()).equals(manifest.digest())) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "cannot write an artifact as " + reference + ": its digest is " + manifest.digest());
    }
    for (Descriptor layer : manifest.layers()) {
      put(sink, reference, layer);
    }
    put(sink, reference, manifest.config());
    sink.putManifest(reference, manifest.descriptor(), manifest.raw());
    return manifest.descriptor();
  }

  private void put(ImageSink sink, ImageReference reference, Descriptor blob) {
    if (sink.hasBlob(reference, blob)) {
      return;
    }
    Content content = contents.getOrDefault(blob.digest(), Artifact::empty);
    try (InputStream open = content.open()) {
      sink.putBlob(reference, blob, open);
    } catch (IOException e) {
      throw unreadable(String.valueOf(blob.annotations().get(TITLE)), e);
    }
  }

  private static InputStream empty() {
    return new ByteArrayInputStream("{}".getBytes(StandardCharsets.UTF_8));
  }

  private static RuncibleException unreadable(String file, IOException e) {
    return new RuncibleException(
        e instanceof NoSuchFileException ? ErrorKind.NOT_FOUND : ErrorKind.UNAVAILABLE,
        "cannot read " + file + ", a file of an artifact: " + e.getMessage(),
        e);
  }

  /**
   * Writes the files of an artifact, or of any manifest, into a directory. A layer with a title
   * becomes a file of that name, which may be in directories; one without is named by its digest.
   * After a failure there are no files. Blocks.
   *
   * @param source not closed
   * @param directory new or empty; made if need be
   * @param maxBytes the most that is written in total
   * @return the files, in the order of the manifest
   * @throws RuncibleException INVALID_INPUT when there is more than that, or a title is not a name
   *     for a file below the directory, or the reference is of an index; FAILED_PRECONDITION when
   *     the directory is not empty; CORRUPT_DATA when a file is not what its digest says;
   *     UNAVAILABLE when writing fails; and what the source throws
   */
  public static List<Path> read(
      ImageSource source, ImageReference reference, Path directory, long maxBytes) {
    return new ArtifactFiles(source, reference, directory).write(maxBytes);
  }

  private interface Content {
    InputStream open() throws IOException;
  }

  /** Collects the files. Not thread-safe. */
  public static final class Builder {
    private final String artifactType;
    private final Map<Digest, Content> contents = new LinkedHashMap<>();
    private final Map<String, Descriptor> layers = new LinkedHashMap<>();
    private final Map<String, String> annotations = new TreeMap<>();
    private Optional<Descriptor> subject = Optional.empty();

    private Builder(String artifactType) {
      this.artifactType = Objects.requireNonNull(artifactType, "artifactType");
    }

    /**
     * Adds a file under its own name. It is read here, to tell its digest, and again when the
     * artifact is written. Blocks.
     *
     * @throws RuncibleException NOT_FOUND when there is no such file, UNAVAILABLE when it cannot be
     *     read, ALREADY_EXISTS when there is one of this name
     */
    public Builder file(Path file, String mediaType) {
      try (InputStream content = Files.newInputStream(file)) {
        Digest.Hasher hasher = Digest.sha256Hasher();
        byte[] buffer = new byte[64 * 1024];
        long size = 0;
        for (int count = content.read(buffer); count >= 0; count = content.read(buffer)) {
          hasher.update(buffer, 0, count);
          size += count;
        }
        String title = String.valueOf(file.getFileName());
        return add(
            title,
            Descriptor.of(mediaType, hasher.finish(), size),
            () -> Files.newInputStream(file));
      } catch (IOException e) {
        throw unreadable(file.toString(), e);
      }
    }

    /**
     * Adds a file from memory.
     *
     * @param title its name
     * @throws RuncibleException ALREADY_EXISTS when there is one of this name
     */
    public Builder content(String title, String mediaType, byte[] content) {
      byte[] copy = content.clone();
      return add(title, Descriptor.of(mediaType, copy), () -> new ByteArrayInputStream(copy));
    }

    private Builder add(String title, Descriptor descriptor, Content content) {
      Descriptor titled = descriptor.withAnnotations(Map.of(TITLE, title));
      if (layers.putIfAbsent(title, titled) != null) {
        throw new RuncibleException(
            ErrorKind.ALREADY_EXISTS, "the artifact has a file '" + title + "' already");
      }
      contents.put(descriptor.digest(), content);
      return this;
    }

    /** Sets an annotation of the manifest. */
    public Builder annotation(String name, String value) {
      annotations.put(name, value);
      return this;
    }

    /** Attaches it to a manifest, among whose referrers it is then. */
    public Builder subject(Descriptor manifest) {
      subject = Optional.of(manifest);
      return this;
    }

    /**
     * Puts the artifact together.
     *
     * @throws RuncibleException INVALID_INPUT when it has more files than a reader would accept
     */
    public Artifact build() {
      return new Artifact(this);
    }
  }
}
