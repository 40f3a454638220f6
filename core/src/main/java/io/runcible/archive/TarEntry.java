package io.runcible.archive;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One entry of a tar archive, with all extended headers applied. Names are raw, as the archive has
 * them: one char for each byte (ISO-8859-1), so a UTF-8 name has to be decoded to be read. Nothing
 * is cleaned or resolved. Immutable, but for the bytes of the attributes, which are not copied.
 */
public final class TarEntry {
  private final EntryType type;
  private final String name;
  private final String linkName;
  private final int mode;
  private final long uid;
  private final long gid;
  private final long size;
  private final long modifiedSeconds;
  private final int modifiedNanos;
  private final int deviceMajor;
  private final int deviceMinor;
  private final Map<String, byte[]> attributes;
  private final @Nullable SparseMap sparse;

  TarEntry(
      EntryType type,
      String name,
      String linkName,
      TarHeader header,
      PaxHeaders pax,
      long size,
      @Nullable SparseMap sparse) {
    this.type = type;
    this.name = name;
    this.linkName = linkName;
    this.mode = header.mode();
    this.uid = pax.uid() >= 0 ? pax.uid() : header.uid();
    this.gid = pax.gid() >= 0 ? pax.gid() : header.gid();
    this.size = size;
    this.modifiedSeconds = pax.hasModified() ? pax.modifiedSeconds() : header.modifiedSeconds();
    this.modifiedNanos = pax.hasModified() ? pax.modifiedNanos() : 0;
    this.deviceMajor = header.deviceMajor();
    this.deviceMinor = header.deviceMinor();
    this.attributes = pax.attributes();
    this.sparse = sparse;
  }

  /** What it makes. */
  public EntryType type() {
    return type;
  }

  /** The raw name. */
  public String name() {
    return name;
  }

  /** The raw target of a link; otherwise empty. */
  public String linkName() {
    return linkName;
  }

  /** Permission bits with set-id and sticky. */
  public int mode() {
    return mode;
  }

  /** Owner, at most 2^32-2. */
  public long uid() {
    return uid;
  }

  /** Group, at most 2^32-2. */
  public long gid() {
    return gid;
  }

  /** Length of a file in bytes, holes included; 0 for everything else. */
  public long size() {
    return size;
  }

  /** Modification time, seconds since the epoch, rounded down. */
  public long modifiedSeconds() {
    return modifiedSeconds;
  }

  /** And nanoseconds, 0 to 999,999,999. */
  public int modifiedNanos() {
    return modifiedNanos;
  }

  /** Major number of a device; otherwise 0. */
  public int deviceMajor() {
    return deviceMajor;
  }

  /** Minor number of a device; otherwise 0. */
  public int deviceMinor() {
    return deviceMinor;
  }

  /** Extended attributes by raw name. */
  public Map<String, byte[]> attributes() {
    return attributes;
  }

  /** Whether it is a file with holes, of which the archive stores less than {@link #size()}. */
  public boolean isSparse() {
    return sparse != null;
  }

  /** Where the stored bytes of a sparse file belong; null for a file without holes. */
  @Nullable SparseMap sparse() {
    return sparse;
  }

  /** Type and name. */
  @Override
  public String toString() {
    return type + " " + RawName.printable(name);
  }
}
