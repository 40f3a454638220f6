package io.runcible.archive;

import io.runcible.ffi.AttributeIds;
import org.jspecify.annotations.Nullable;

/** Ids in extended attributes: those of a layer as they are on a host, and back. */
final class MappedAttributes {
  private MappedAttributes() {}

  /** What a value of a layer is on the host; null if it names an id that there is not here. */
  static byte @Nullable [] outside(String name, byte[] value, Ownership ownership) {
    return ownership.isMapped()
        ? AttributeIds.outside(name, value, ownership::outsideUid, ownership::outsideGid)
        : value;
  }

  /** What a value is inside; the same if it names no id, or one that there is not inside. */
  static byte[] inside(String name, byte[] value, Ownership ownership) {
    return ownership.isMapped()
        ? AttributeIds.inside(name, value, ownership::insideUid, ownership::insideGid)
        : value;
  }
}
