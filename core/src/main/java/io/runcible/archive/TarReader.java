package io.runcible.archive;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads a tar archive from a stream, strictly: what two readers could take for different things is
 * refused, never guessed or skipped. Knows ustar, GNU and PAX with long names, base-256 numbers,
 * sparse files of all forms, extended attributes and fractions of a second. What a PAX header says
 * wins over the header of the entry.
 *
 * <p>The archive ends with two blocks of zeros; one block, or none, at the end of the stream will
 * do. What follows the end is read, so that a digest over the stream is whole, but not looked at.
 *
 * <pre>{@code
 * TarReader tar = new TarReader(stream, ArchiveLimits.DEFAULT);
 * for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
 *   byte[] some = new byte[8192];
 *   int count = tar.read(some, 0, some.length);
 * }
 * }</pre>
 *
 * <p>All methods throw {@link RuncibleException}: CORRUPT_DATA if this is no archive or a truncated
 * one, INVALID_INPUT if it is over a limit or holds what no layer may; and {@link IOException} if
 * the stream fails. Reading blocks as the stream does. Not thread-safe.
 */
public final class TarReader {
  private static final int BLOCK = TarHeader.BLOCK;
  private static final int BUFFER = 128 * BLOCK;
  private static final int MAX_METADATA = 1 << 20;
  private static final long MAX_TRAILING = 16L << 20;

  private final InputStream in;
  private final ArchiveBudget budget;
  private final byte[] buffer = new byte[BUFFER];
  private int start;
  private int end;

  /** How many bytes of the archive lie before {@link #start}. */
  private long position;

  private final TarHeader header = new TarHeader();
  private final PaxHeaders pax = new PaxHeaders();
  private byte[] metadata = new byte[4 * BLOCK];

  /** What follows the content of the last extended header, and should be 0. */
  private byte padded;

  private @Nullable String longName;
  private @Nullable String longLink;

  /** Stored content of the current entry that was not read yet, and the padding behind it. */
  private long remaining;

  private int padding;
  private boolean ended;

  /**
   * Reads from a stream, which the caller closes.
   *
   * @param in an uncompressed archive, see {@link Decompression}
   * @param limits what it may amount to
   */
  public TarReader(InputStream in, ArchiveLimits limits) {
    this(in, new ArchiveBudget(limits));
  }

  TarReader(InputStream in, ArchiveBudget budget) {
    this.in = Objects.requireNonNull(in, "in");
    this.budget = Objects.requireNonNull(budget, "budget");
  }

  /** The next entry, or null after the last one, when the whole stream has been read. */
  public @Nullable TarEntry next() throws IOException {
    skip(remaining);
    // There are writers that leave it out behind the last content.
    if (start != end || fill(1)) {
      skip(padding);
    }
    remaining = 0;
    padding = 0;
    pax.clear();
    longName = null;
    longLink = null;
    boolean hasPax = false;
    while (!ended) {
      int block = block();
      if (block < 0 || isZero(block)) {
        if (hasPax || longName != null || longLink != null) {
          throw corrupt(position, "it ends after an extended header");
        }
        ended = true;
        finish(block >= 0);
        return null;
      }
      header.read(buffer, block, position - BLOCK);
      switch (header.type()) {
        case 'x', 'X' -> {
          once(!hasPax);
          hasPax = true;
          int length = metadata();
          pax.read(metadata, length, position);
        }
        case 'L' -> {
          once(longName == null);
          longName = longText();
        }
        case 'K' -> {
          once(longLink == null);
          longLink = longText();
        }
        // A global header would reach into other layers' tools: nobody honours it. A volume label.
        case 'g', 'V' -> {
          budget.entry(); // There can be any number of them, and those above belong to an entry.
          metadata();
        }
        default -> {
          budget.entry();
          return entry();
        }
      }
    }
    return null;
  }

  /**
   * How many bytes of the stream have been passed: right after {@link #next}, where the content of
   * the entry begins.
   */
  public long position() {
    return position;
  }

  private void once(boolean first) {
    if (!first) {
      throw corrupt(position, "an entry has two extended headers of one kind");
    }
  }

  private TarEntry entry() throws IOException {
    String name = onlyOf(pax.path(), longName, header.name());
    String linkName = onlyOf(pax.linkPath(), longLink, header.linkName());
    if (name.length() > RawName.MAX_PATH || linkName.length() > RawName.MAX_PATH) {
      throw RawName.invalid(name, "a path has at most " + RawName.MAX_PATH + " bytes");
    }
    EntryType type = type(name);
    if (header.type() == 'S' && (name.endsWith("/") || !header.isGnu())) {
      throw corrupt(
          position,
          "'"
              + RawName.printable(name)
              + "' is a sparse file "
              + (header.isGnu() ? "and a directory" : "of GNU's in another format"));
    }
    long size = pax.size() >= 0 ? pax.size() : header.size();
    if (type == EntryType.HARD_LINK) {
      // States the size of the file by custom, and has no content.
      size = 0;
    } else if (type != EntryType.FILE && size != 0) {
      throw corrupt(
          position,
          "'" + RawName.printable(name) + "' is no file and yet has " + size + " bytes of content");
    }
    if (pax.isHalfSparse() || pax.isSparse() && (header.type() == 'S' || type != EntryType.FILE)) {
      throw corrupt(
          position,
          "'" + RawName.printable(name) + "' is described as a sparse file, but not wholly");
    }
    remaining = size;
    padding = (int) (-size & (BLOCK - 1));
    budget.content(size);
    SparseMap sparse = type == EntryType.FILE ? sparse(name) : null;
    long length = sparse == null ? size : sparse.end();
    if (length > budget.limits().maxFileBytes()) {
      throw ArchiveLimits.exceeded(
          "'"
              + RawName.printable(name)
              + "' has "
              + length
              + " bytes, and a file at most "
              + budget.limits().maxFileBytes());
    }
    boolean link = type == EntryType.HARD_LINK || type == EntryType.SYMLINK;
    return new TarEntry(type, name, link ? linkName : "", header, pax, length, sparse);
  }

  private String onlyOf(@Nullable String ofPosix, @Nullable String ofGnu, String ofHeader) {
    if (ofPosix != null && ofGnu != null && !ofPosix.equals(ofGnu)) {
      // Readers differ in which one they take.
      throw corrupt(position, "an entry has a long name of POSIX and another one of GNU");
    }
    return ofPosix != null ? ofPosix : ofGnu != null ? ofGnu : ofHeader;
  }

  private EntryType type(String name) {
    return switch (header.type()) {
      // Before ustar there was no type for directories.
      case '0', 0, '7' -> name.endsWith("/") ? EntryType.DIRECTORY : EntryType.FILE;
      case 'S' -> EntryType.FILE;
      case '1' -> EntryType.HARD_LINK;
      case '2' -> EntryType.SYMLINK;
      case '3' -> EntryType.CHARACTER_DEVICE;
      case '4' -> EntryType.BLOCK_DEVICE;
      case '5' -> EntryType.DIRECTORY;
      case '6' -> EntryType.FIFO;
      default ->
          throw RawName.invalid(
              name, "its type is '" + RawName.printable("" + header.type()) + "'");
    };
  }

  /** The map of a sparse file, whose end is the length of the file; null if it is none. */
  private @Nullable SparseMap sparse(String name) throws IOException {
    SparseMap map;
    long realSize;
    if (header.type() == 'S') {
      map = new SparseMap();
      realSize = header.sparseRealSize();
      header.sparseRegions(map);
      boolean more = header.sparseExtended();
      while (more) {
        more = header.sparseExtension(buffer, needBlock(), position - BLOCK, map);
      }
    } else if (pax.isSparse()) {
      realSize = pax.sparseSize();
      SparseMap stated = pax.sparseMap();
      map = pax.sparseMapInContent() || stated == null ? sparseMapInContent() : stated;
    } else {
      return null;
    }
    if (map.stored() != remaining || map.end() > realSize) {
      throw corrupt(
          position, "the sparse map of '" + RawName.printable(name) + "' contradicts its size");
    }
    map.add(realSize, 0);
    return map;
  }

  /** Decimal numbers, each on its line: the number of regions, then offset and length of each. */
  private SparseMap sparseMapInContent() throws IOException {
    SparseMap map = new SparseMap();
    SparseNumbers numbers = new SparseNumbers();
    long count = numbers.next();
    if (count > SparseMap.MAX_REGIONS) {
      throw corrupt(position, "its sparse map has " + count + " regions");
    }
    for (long i = 0; i < count; i++) {
      String error = map.add(numbers.next(), numbers.next());
      if (!error.isEmpty()) {
        throw corrupt(position, error);
      }
    }
    return map;
  }

  /** The numbers of a sparse map, taken from the content block by block. */
  private final class SparseNumbers {
    private int at;
    private int blockEnd;

    long next() throws IOException {
      long number = 0;
      for (int digits = 0; ; digits++) {
        byte b = nextByte();
        if (b == '\n' && digits > 0) {
          return number;
        }
        if (b < '0' || b > '9' || digits == 18) {
          throw corrupt(position, "its sparse map is no list of numbers");
        }
        number = number * 10 + b - '0';
      }
    }

    private byte nextByte() throws IOException {
      if (at == blockEnd) {
        if (remaining < BLOCK) {
          throw corrupt(position, "its sparse map has no end");
        }
        remaining -= BLOCK;
        at = needBlock();
        blockEnd = at + BLOCK;
      }
      return buffer[at++];
    }
  }

  private String longText() throws IOException {
    int length = metadata();
    int text = 0;
    while (text < length && metadata[text] != 0) {
      text++;
    }
    if (text == length && padded != 0) {
      throw corrupt(position, "a long name goes on behind its length");
    }
    return new String(metadata, 0, text, ISO_8859_1);
  }

  /** Reads the content of an extended header, and returns its length. */
  private int metadata() throws IOException {
    long size = header.size();
    if (size > MAX_METADATA) {
      throw corrupt(position, "an extended header has " + size + " bytes");
    }
    budget.content(size);
    if (metadata.length < size) {
      metadata = new byte[MAX_METADATA];
    }
    int length = (int) size;
    for (int done = 0; done < length; ) {
      done += take(metadata, done, length - done);
    }
    long rest = -size & (BLOCK - 1);
    padded = 0;
    if (rest > 0) {
      need();
      padded = buffer[start];
    }
    skip(rest);
    return length;
  }

  /**
   * Reads stored content of the current entry: of a sparse file its regions, one after the other.
   *
   * @return the number of bytes, or -1 at the end of the entry
   */
  public int read(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    if (remaining == 0) {
      return length == 0 ? 0 : -1;
    }
    int count = take(bytes, offset, (int) Math.min(length, remaining));
    remaining -= count;
    return count;
  }

  /** The same into a buffer, as far as it has room and content is at hand. */
  int read(ByteBuffer bytes) throws IOException {
    if (remaining == 0) {
      return -1;
    }
    need();
    int count = (int) Math.min(Math.min(end - start, bytes.remaining()), remaining);
    bytes.put(buffer, start, count);
    start += count;
    position += count;
    remaining -= count;
    return count;
  }

  /** Takes what is at hand, and at least a byte unless none is wanted. */
  private int take(byte[] bytes, int offset, int length) throws IOException {
    if (start == end && length >= BUFFER) {
      int count = in.read(bytes, offset, length);
      if (count < 0) {
        throw truncated();
      }
      position += count;
      return count;
    }
    if (length > 0) {
      need();
    }
    int count = Math.min(length, end - start);
    System.arraycopy(buffer, start, bytes, offset, count);
    start += count;
    position += count;
    return count;
  }

  private void skip(long count) throws IOException {
    for (long left = count; left > 0; ) {
      need();
      int some = (int) Math.min(left, end - start);
      start += some;
      position += some;
      left -= some;
    }
  }

  private void need() throws IOException {
    if (start == end && !fill(1)) {
      throw truncated();
    }
  }

  /** Where the next block is in the buffer, or -1 at the end of the stream. */
  private int block() throws IOException {
    if (!fill(BLOCK)) {
      if (start != end) {
        throw truncated();
      }
      return -1;
    }
    start += BLOCK;
    position += BLOCK;
    return start - BLOCK;
  }

  private int needBlock() throws IOException {
    int block = block();
    if (block < 0) {
      throw truncated();
    }
    return block;
  }

  /** Makes some bytes contiguous in the buffer; false if the stream ends before. */
  private boolean fill(int count) throws IOException {
    if (end - start >= count) {
      return true;
    }
    System.arraycopy(buffer, start, buffer, 0, end - start);
    end -= start;
    start = 0;
    while (end < count) {
      int more = in.read(buffer, end, buffer.length - end);
      if (more < 0) {
        return false;
      }
      end += more;
    }
    return true;
  }

  private boolean isZero(int block) {
    for (int i = block; i < block + BLOCK; i++) {
      if (buffer[i] != 0) {
        return false;
      }
    }
    return true;
  }

  private void finish(boolean sawZeros) throws IOException {
    if (!sawZeros) {
      return;
    }
    int second = block();
    if (second >= 0 && !isZero(second)) {
      throw corrupt(position, "a lone block of zeros is followed by more");
    }
    for (long trailing = 0; start != end || fill(1); trailing += end - start, start = end) {
      if (trailing > MAX_TRAILING) {
        throw ArchiveLimits.exceeded("more than " + MAX_TRAILING + " bytes follow its end");
      }
    }
  }

  private RuncibleException truncated() {
    return new RuncibleException(
        ErrorKind.CORRUPT_DATA,
        "the archive is truncated after " + (position + end - start) + " bytes",
        new EOFException());
  }

  static RuncibleException corrupt(long position, String reason) {
    return new RuncibleException(
        ErrorKind.CORRUPT_DATA, "the archive is corrupt near byte " + position + ": " + reason);
  }
}
