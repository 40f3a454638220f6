package io.runcible.transfer;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.layout.ImageLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;

/**
 * Brings many images to a sink, and only what changed of them.
 *
 * <pre>{@code
 * SyncReport report =
 *     ImageSync.to(registry)
 *         .under("mirror.example/team")
 *         .keepGoing()
 *         .sync(registry, ImageReference.parse("registry.example/app"), TagFilter.versions(">=1.2"));
 * }</pre>
 *
 * <p>An image that is there costs one request at the source and, where the sink is a registry, one
 * there; the tags of a repository cost a request for each thousand. A layer that several images
 * have is sent once. Settings are made before the first sync; then it can be used from several
 * threads.
 */
public final class ImageSync {
  private final ImageSink sink;
  private Optional<String> prefix = Optional.empty();
  private boolean scoped;
  private boolean dryRun;
  private boolean keepGoing;
  private int parallel = 4;
  private Consumer<ImageCopy> settings = copy -> {};

  private ImageSync(ImageSink sink) {
    this.sink = Objects.requireNonNull(sink, "sink");
  }

  /**
   * A sync to a sink, in which images have the names that they have in the source.
   *
   * @param sink not closed
   */
  public static ImageSync to(ImageSink sink) {
    return new ImageSync(sink);
  }

  /**
   * Names images by the last part of their repository under a prefix: with {@code
   * mirror.example/team}, {@code registry.example/a/app:1} becomes {@code
   * mirror.example/team/app:1}.
   *
   * @param prefix a registry, or the first parts of a repository with it
   */
  public ImageSync under(String prefix) {
    this.prefix = Optional.of(prefix);
    return this;
  }

  /**
   * Names images by all of their name under the prefix: {@code
   * mirror.example/team/registry.example/a/app:1}. The colon of a port becomes an underscore.
   */
  public ImageSync scoped() {
    this.scoped = true;
    return this;
  }

  /** Says what would be done, and does not do it. Referrers are not looked at then. */
  public ImageSync dryRun() {
    this.dryRun = true;
    return this;
  }

  /** Goes on after a failure, which is in the report then. The default ends at the first one. */
  public ImageSync keepGoing() {
    this.keepGoing = true;
    return this;
  }

  /**
   * How many images are worked on at once, each with as many blobs as its copy sends at once. The
   * default is 4.
   *
   * @throws RuncibleException INVALID_INPUT unless from 1 to 32
   */
  public ImageSync parallel(int images) {
    this.parallel = Tasks.checkedParallel(images, "images");
    return this;
  }

  /** Makes settings of the copies, such as their platforms or a listener. */
  public ImageSync copying(Consumer<ImageCopy> settings) {
    this.settings = Objects.requireNonNull(settings, "settings");
    return this;
  }

  /**
   * Syncs tags of a repository. Tags that are only at the target stay. Blocks.
   *
   * @param source not closed
   * @param repository its tag does not matter
   * @throws RuncibleException the first failure, unless it is to keep going; in any case CANCELLED
   *     on interrupt, with the flag set, and INVALID_INPUT, before anything is done, when two
   *     images would get one name at the target or one gets none
   */
  public SyncReport sync(ImageSource source, ImageReference repository, TagFilter tags) {
    Run run = new Run();
    run.addTags(source, repository, tags);
    return run.sync();
  }

  /**
   * Syncs what a list names. Blocks.
   *
   * @param source the registries of the list; {@link SyncList#configure} makes a client of them
   * @throws RuncibleException as the first method
   */
  public SyncReport sync(ImageSource source, SyncList list) {
    Run run = new Run();
    for (SyncList.Registry registry : list.registries()) {
      for (SyncList.Repository wanted : registry.repositories()) {
        run.addTags(source, wanted.repository(), wanted.tags());
      }
    }
    return run.sync();
  }

  /**
   * Syncs the images that have names in a directory that is an OCI image layout or has such in it,
   * up to eight levels deep. A name that is a tag alone belongs to a repository that is named as
   * the directory of the layout. Links are not followed. Blocks.
   *
   * @throws RuncibleException as the first method, and NOT_FOUND when there is no layout
   */
  public SyncReport sync(Path directory) {
    Run run = new Run();
    for (ImageLayout layout : LayoutTree.open(directory)) {
      LayoutTree.names(layout).forEach(name -> run.add(layout, name));
    }
    return run.sync();
  }

  private record Pair(ImageSource source, ImageReference from, ImageReference to) {}

  private final class Run {
    private final SyncNames names = new SyncNames(prefix, scoped);
    private final LinkedHashSet<Pair> pairs = new LinkedHashSet<>();
    private final Map<ImageReference, Pair> targets = new HashMap<>();
    private final List<SyncedImage> done = new ArrayList<>();
    private final BlobFlights flights = new BlobFlights();

    void addTags(ImageSource source, ImageReference repository, TagFilter tags) {
      List<String> wanted = List.of();
      try {
        wanted =
            tags.exact()
                .orElseGet(() -> source.tags(repository).stream().filter(tags::accepts).toList());
      } catch (RuncibleException e) {
        done.add(failed(repository.name(), Optional.empty(), e));
      }
      wanted.forEach(tag -> add(source, named(repository, tag)));
    }

    private ImageReference named(ImageReference repository, String tag) {
      return tag.contains(":")
          ? CopyTarget.unnamed(repository, Digest.parse(tag))
          : repository.withTag(tag);
    }

    void add(ImageSource source, ImageReference from) {
      Pair pair = new Pair(source, from, names.of(from));
      if (pairs.add(pair)) {
        Pair other = targets.putIfAbsent(pair.to, pair);
        if (other != null) {
          throw new RuncibleException(
              ErrorKind.INVALID_INPUT,
              other.from + " and " + from + " would both become " + pair.to);
        }
      }
    }

    SyncReport sync() {
      List<Callable<SyncedImage>> work =
          pairs.stream().<Callable<SyncedImage>>map(pair -> () -> copy(pair)).toList();
      done.addAll(Tasks.run("the sync", parallel, work));
      return new SyncReport(done);
    }

    private SyncedImage copy(Pair pair) {
      ImageCopy copy = ImageCopy.between(pair.source, sink);
      settings.accept(copy);
      try {
        return dryRun
            ? SyncedImage.dry(pair.from, pair.to, copy.isUnchanged(pair.from, pair.to))
            : SyncedImage.of(pair.from, pair.to, copy.copy(pair.from, pair.to, flights));
      } catch (RuncibleException e) {
        return failed(pair.from.toString(), Optional.of(pair.to), e);
      }
    }

    private SyncedImage failed(String from, Optional<ImageReference> to, RuncibleException e) {
      if (!keepGoing || e.kind() == ErrorKind.CANCELLED) {
        throw e;
      }
      return SyncedImage.failed(from, to, e);
    }
  }
}
