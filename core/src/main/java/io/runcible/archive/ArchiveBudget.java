package io.runcible.archive;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What several archives may amount to together, as the layers of an image do: entries, content, and
 * what comes of compressed bytes count in all of them. Thread-safe.
 *
 * <p>Content that is read again for another layer uses the budget of {@link #again}: one small blob
 * that an image names a thousand times is a bomb, too.
 */
public final class ArchiveBudget {
  /** Of names that are remembered: more than any image has on average, for each entry allowed. */
  private static final int NAME = 128;

  /** As much as the deepest path there can be needs for its directories, twice. */
  private static final long FEW_NAMES = 8 << 20;

  private final ArchiveLimits limits;
  private final Counts counts;
  private final Counts own = new Counts();
  private final boolean countsCompressed;

  /** Shared by all that read. */
  private static final class Counts {
    private final AtomicLong entries = new AtomicLong();
    private final AtomicLong names = new AtomicLong();
    private final AtomicLong content = new AtomicLong();
    private final AtomicLong compressed = new AtomicLong();
    private final AtomicLong decompressed = new AtomicLong();
  }

  /** A budget of which nothing is used. */
  public ArchiveBudget(ArchiveLimits limits) {
    this(Objects.requireNonNull(limits, "limits"), new Counts(), true);
  }

  private ArchiveBudget(ArchiveLimits limits, Counts counts, boolean countsCompressed) {
    this.limits = limits;
    this.counts = counts;
    this.countsCompressed = countsCompressed;
  }

  /** The whole of it. */
  public ArchiveLimits limits() {
    return limits;
  }

  /** The same budget, for compressed content that was read before. */
  public ArchiveBudget again() {
    return new ArchiveBudget(limits, counts, false);
  }

  /** The same budget, for content of which it may have to be {@linkplain #giveBack given back}. */
  public ArchiveBudget part() {
    return new ArchiveBudget(limits, counts, countsCompressed);
  }

  /**
   * Undoes all that was counted through this object, and not what was counted through others that
   * share the budget: for content that turned out wrong and is read anew. Nobody reads it any more.
   */
  public void giveBack() {
    counts.entries.addAndGet(-own.entries.getAndSet(0));
    counts.names.addAndGet(-own.names.getAndSet(0));
    counts.content.addAndGet(-own.content.getAndSet(0));
    counts.compressed.addAndGet(-own.compressed.getAndSet(0));
    counts.decompressed.addAndGet(-own.decompressed.getAndSet(0));
  }

  void entry() {
    own.entries.incrementAndGet();
    if (counts.entries.incrementAndGet() > limits.maxEntries()) {
      throw ArchiveLimits.exceeded("more than " + limits.maxEntries() + " entries");
    }
  }

  /** Takes note of a name that is remembered until its layer is complete. */
  void name(String path) {
    own.names.addAndGet(path.length());
    long total = counts.names.addAndGet(path.length());
    if (total > FEW_NAMES && total / NAME >= limits.maxEntries()) {
      throw ArchiveLimits.exceeded(
          "the names of directories, whiteouts and links to lower layers have " + total + " bytes");
    }
  }

  void content(long bytes) {
    own.content.addAndGet(bytes);
    long total = counts.content.addAndGet(bytes);
    if (total > limits.maxTotalBytes() || total < 0) {
      throw ArchiveLimits.exceeded("more than " + limits.maxTotalBytes() + " bytes of content");
    }
  }

  /** Takes note of what was read since the last time, and of what was made of it. */
  void decompressed(long bytes, long compressed) {
    long counted = countsCompressed ? compressed : 0;
    own.compressed.addAndGet(counted);
    own.decompressed.addAndGet(bytes);
    long in = counts.compressed.addAndGet(counted);
    long out = counts.decompressed.addAndGet(bytes);
    if (out > ArchiveLimits.RATIO_FLOOR && out / limits.maxRatio() > in) {
      throw ArchiveLimits.exceeded(
          in + " compressed bytes make " + out + ", over " + limits.maxRatio() + " to one");
    }
  }
}
