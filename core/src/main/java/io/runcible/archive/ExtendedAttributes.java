package io.runcible.archive;

import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.Errno;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import java.util.Map;

/** Sets extended attributes, those that a layer may carry and this host takes. */
final class ExtendedAttributes {
  private ExtendedAttributes() {}

  /**
   * Labels belong to the host; the overlay's own marks would forge whiteouts, redirects and opaque
   * directories, and a record of the owner would forge that.
   */
  static boolean isForeign(String attribute) {
    return attribute.equals("security.selinux")
        || attribute.equals("system.nfs4_acl")
        || attribute.equals(OwnerRecord.ATTRIBUTE)
        || isMark(attribute);
  }

  /** Whether the kernel's overlay, with one option or another, takes it for its own. */
  static boolean isMark(String attribute) {
    return attribute.startsWith("trusted.overlay.") || attribute.startsWith("user.overlay.");
  }

  private static boolean isWanted(LayerTarget target, String path, String attribute) {
    if (isMark(attribute)) {
      target.skip(
          path,
          "extended attribute "
              + RawName.printable(attribute)
              + ": an overlay would take it for a mark of its own");
    }
    return !isForeign(attribute);
  }

  /** Sets attributes of an open file. */
  static void set(
      LayerTarget target, String path, FileDescriptor file, Map<String, byte[]> attributes) {
    for (Map.Entry<String, byte[]> attribute : attributes.entrySet()) {
      if (isWanted(target, path, attribute.getKey())) {
        tolerate(
            target,
            path,
            attribute.getKey(),
            () -> AttributeCalls.set(file, attribute.getKey(), attribute.getValue()));
      }
    }
  }

  /** Sets attributes of a name. */
  static void set(
      LayerTarget target,
      String path,
      FileDescriptor parent,
      String leaf,
      Map<String, byte[]> attributes) {
    for (Map.Entry<String, byte[]> attribute : attributes.entrySet()) {
      if (isWanted(target, path, attribute.getKey())) {
        tolerate(
            target,
            path,
            attribute.getKey(),
            () -> AttributeCalls.set(parent, leaf, attribute.getKey(), attribute.getValue()));
      }
    }
  }

  /** Sets attributes of a name that has some already, and removes the others. */
  static void replace(
      LayerTarget target,
      String path,
      FileDescriptor parent,
      String leaf,
      Map<String, byte[]> attributes) {
    for (String name : AttributeCalls.names(parent, leaf)) {
      if (!attributes.containsKey(name) && !isForeign(name)) {
        tolerate(target, path, name, () -> AttributeCalls.remove(parent, leaf, name));
      }
    }
    set(target, path, parent, leaf, attributes);
  }

  /** Notes the owner that an open file should have. */
  static void recordOwner(LayerTarget target, String path, FileDescriptor file, byte[] value) {
    tolerate(
        target,
        path,
        OwnerRecord.ATTRIBUTE,
        () -> AttributeCalls.set(file, OwnerRecord.ATTRIBUTE, value));
  }

  /** Notes the owner that a name should have. */
  static void recordOwner(
      LayerTarget target, String path, FileDescriptor parent, String leaf, byte[] value) {
    tolerate(
        target,
        path,
        OwnerRecord.ATTRIBUTE,
        () -> AttributeCalls.set(parent, leaf, OwnerRecord.ATTRIBUTE, value));
  }

  private static void tolerate(LayerTarget target, String path, String name, Runnable call) {
    try {
      call.run();
    } catch (NativeException e) {
      if (e.errno() == Errno.EOPNOTSUPP || e.errno() == Errno.EPERM) {
        target.skip(
            path,
            "extended attribute "
                + RawName.printable(name)
                + (e.errno() == Errno.EPERM
                    ? ": not permitted"
                    : ": the file system does not support it"));
      } else {
        throw e;
      }
    }
  }
}
