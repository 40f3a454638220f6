package io.runcible.transfer;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.ProgressListener;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.Platform;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Copies images from a source to a sink, byte for byte. Settings are made before the first copy;
 * then it can be used from several threads, and any number of times.
 */
public final class ImageCopy {
  private static final int MAX_DEPTH = 4;
  private static final int MAX_MANIFESTS = 10_000;
  private static final int MAX_PARALLEL = 32;

  private final ImageSource source;
  private final ImageSink sink;
  private List<Platform> platforms = List.of();
  private int parallel = 4;
  private ProgressListener listener = ProgressListener.NONE;

  private ImageCopy(ImageSource source, ImageSink sink) {
    this.source = Objects.requireNonNull(source, "source");
    this.sink = Objects.requireNonNull(sink, "sink");
  }

  /**
   * A copy of everything that a name stands for: of an index with all its manifests.
   *
   * @param source not closed
   * @param sink not closed
   */
  public static ImageCopy between(ImageSource source, ImageSink sink) {
    return new ImageCopy(source, sink);
  }

  /**
   * Takes of an index only the manifest for this platform, and names that at the target. An image
   * that has no index is copied whatever it is for.
   */
  public ImageCopy platform(Platform platform) {
    this.platforms = List.of(platform);
    return this;
  }

  /**
   * Takes of an index only the manifests for these platforms. With more than one, the target gets a
   * new index of them, of another digest; with none, which is the default, everything is taken.
   */
  public ImageCopy platforms(List<Platform> wanted) {
    this.platforms = List.copyOf(wanted);
    return this;
  }

  /**
   * How many blobs are sent at once. The default is 4.
   *
   * @throws RuncibleException INVALID_INPUT unless from 1 to 32
   */
  public ImageCopy parallel(int blobs) {
    if (blobs < 1 || blobs > MAX_PARALLEL) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "from 1 to " + MAX_PARALLEL + " blobs at once, not " + blobs);
    }
    this.parallel = blobs;
    return this;
  }

  /** Hears of each blob. */
  public ImageCopy listener(ProgressListener hearing) {
    this.listener = Objects.requireNonNull(hearing, "listener");
    return this;
  }

  /**
   * Copies an image. The manifests follow the blobs, and the target's name comes last: after a
   * failure or an interrupt it stands for what it stood for before, and only unnamed content can be
   * left, which is used by the next try. Blocks.
   *
   * @param from the image in the source
   * @param to its name in the sink
   * @throws RuncibleException NOT_FOUND when there is no such image, or none for a platform;
   *     CORRUPT_DATA when something is not what its digest or size says; INVALID_INPUT when a
   *     document is not what it should be, or names too much; CANCELLED on interrupt, with the flag
   *     set; and what the source and the sink throw
   */
  public CopyResult copy(ImageReference from, ImageReference to) {
    Descriptor root = source.resolve(from);
    Plan plan = new Plan(from);
    Document top = selected(from, plan.read(root));
    plan.add(top, 0);
    BlobTransfer blobs = new BlobTransfer(source, sink, from, to, listener);
    blobs.run(List.copyOf(plan.blobs.values()), parallel);
    int written = 0;
    for (Document document : plan.documents.values()) {
      if (!document.descriptor.digest().equals(top.descriptor.digest())) {
        put(unnamed(to, document.descriptor.digest()), document);
        written++;
      }
    }
    put(to, top);
    return new CopyResult(
        top.descriptor, written + 1, blobs.copied(), blobs.present(), blobs.bytes());
  }

  private void put(ImageReference to, Document document) {
    sink.putManifest(to, document.descriptor, document.raw);
  }

  private static ImageReference unnamed(ImageReference repository, Digest digest) {
    return ImageReference.parse(repository.name() + "@" + digest);
  }

  /** What the caller wants of an index. */
  private Document selected(ImageReference from, Document root) {
    if (platforms.isEmpty() || !MediaType.isIndex(root.descriptor.mediaType())) {
      return root;
    }
    ImageIndex index = index(from, root);
    List<Descriptor> wanted = platforms.stream().map(index::select).distinct().toList();
    if (wanted.size() == 1) {
      return read(from, wanted.get(0));
    }
    ImageIndex part = ImageIndex.of(wanted, index.annotations());
    return new Document(part.descriptor(), part.raw());
  }

  private static ImageIndex index(ImageReference from, Document document) {
    try {
      return ImageIndex.parse(document.raw, document.descriptor.mediaType());
    } catch (RuncibleException e) {
      throw new RuncibleException(e.kind(), from + ": " + e.getMessage(), e);
    }
  }

  private Document read(ImageReference from, Descriptor descriptor) {
    byte[] raw = source.manifest(from, descriptor);
    descriptor.verify(raw);
    return new Document(descriptor, raw);
  }

  /** A manifest or an index, as it was read. */
  @SuppressWarnings("ArrayRecordComponent")
  private record Document(Descriptor descriptor, byte[] raw) {}

  /** All that belongs to an image; documents that are named come before those that name them. */
  private final class Plan {
    private final ImageReference from;
    private final Map<Digest, Document> documents = new LinkedHashMap<>();
    private final Map<Digest, Descriptor> blobs = new LinkedHashMap<>();

    Plan(ImageReference from) {
      this.from = from;
    }

    Document read(Descriptor descriptor) {
      return ImageCopy.this.read(from, descriptor);
    }

    void add(Document document, int depth) {
      if (MediaType.isIndex(document.descriptor.mediaType())) {
        if (depth == MAX_DEPTH) {
          throw tooMuch("has indexes within indexes, more than " + MAX_DEPTH + " deep");
        }
        for (Descriptor child : index(from, document).manifests()) {
          if (!documents.containsKey(child.digest())) {
            add(read(child), depth + 1);
          }
        }
      } else {
        addBlobs(document);
      }
      documents.put(document.descriptor.digest(), document);
      if (documents.size() > MAX_MANIFESTS) {
        throw tooMuch("has more than " + MAX_MANIFESTS + " manifests");
      }
    }

    private void addBlobs(Document document) {
      Manifest manifest;
      try {
        manifest = Manifest.parse(document.raw, document.descriptor.mediaType());
      } catch (RuncibleException e) {
        throw new RuncibleException(e.kind(), from + ": " + e.getMessage(), e);
      }
      List<Descriptor> all = new ArrayList<>(manifest.layers());
      all.add(manifest.config());
      for (Descriptor blob : all) {
        Descriptor known = blobs.putIfAbsent(blob.digest(), blob);
        if (known != null && known.size() != blob.size()) {
          throw new RuncibleException(
              ErrorKind.INVALID_INPUT,
              from
                  + " says of "
                  + blob.digest()
                  + " that it has "
                  + known.size()
                  + " bytes, and "
                  + blob.size());
        }
      }
    }

    private RuncibleException tooMuch(String reason) {
      return new RuncibleException(ErrorKind.INVALID_INPUT, from + " " + reason);
    }
  }
}
