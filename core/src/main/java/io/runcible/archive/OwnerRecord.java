package io.runcible.archive;

import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.Errno;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The attribute in which a user with a single id keeps what the owner should be.
 *
 * @param uid the owner as the layer says it
 * @param gid the group
 */
record OwnerRecord(long uid, long gid) {
  static final String ATTRIBUTE = "user.containers.override_stat";

  private static final Pattern FORM = Pattern.compile("(\\d{1,10}):(\\d{1,10}):0?[0-7]{1,5}(:.*)?");
  private static final long MAX_ID = 0xfffffffeL;

  static byte[] bytes(TarEntry entry) {
    return (entry.uid() + ":" + entry.gid() + ":0" + Integer.toOctalString(entry.mode()))
        .getBytes(StandardCharsets.US_ASCII);
  }

  /** What a name has; null if it has nothing, or nothing of sense. */
  static @Nullable OwnerRecord of(FileDescriptor parent, String leaf) {
    Optional<byte[]> value = AttributeCalls.get(parent, leaf, ATTRIBUTE);
    if (value.isEmpty()) {
      return null;
    }
    Matcher form = FORM.matcher(new String(value.get(), StandardCharsets.ISO_8859_1));
    if (!form.matches()) {
      return null;
    }
    long uid = Long.parseLong(form.group(1));
    long gid = Long.parseLong(form.group(2));
    return uid > MAX_ID || gid > MAX_ID ? null : new OwnerRecord(uid, gid);
  }

  /** Takes it from a name that belongs to root again. */
  static void remove(FileDescriptor parent, String leaf) {
    try {
      AttributeCalls.remove(parent, leaf, ATTRIBUTE);
    } catch (NativeException e) {
      if (e.errno() != Errno.ENODATA && e.errno() != Errno.EOPNOTSUPP) {
        throw e;
      }
    }
  }
}
