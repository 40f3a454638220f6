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
  private final ArchiveLimits limits;
  private final Counts counts;
  private final boolean countsCompressed;

  /** Shared by all that read. */
  private static final class Counts {
    private final AtomicLong entries = new AtomicLong();
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

  void entry() {
    if (counts.entries.incrementAndGet() > limits.maxEntries()) {
      throw ArchiveLimits.exceeded("more than " + limits.maxEntries() + " entries");
    }
  }

  void content(long bytes) {
    long total = counts.content.addAndGet(bytes);
    if (total > limits.maxTotalBytes() || total < 0) {
      throw ArchiveLimits.exceeded("more than " + limits.maxTotalBytes() + " bytes of content");
    }
  }

  /** Takes note of what was read since the last time, and of what was made of it. */
  void decompressed(long bytes, long compressed) {
    long in = counts.compressed.addAndGet(countsCompressed ? compressed : 0);
    long out = counts.decompressed.addAndGet(bytes);
    if (out > ArchiveLimits.RATIO_FLOOR && out / limits.maxRatio() > in) {
      throw ArchiveLimits.exceeded(
          in + " compressed bytes make " + out + ", over " + limits.maxRatio() + " to one");
    }
  }
}
