package io.runcible.image;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/** The rest of a blob that is read from its beginning. */
final class BlobRest {
  private BlobRest() {}

  /** The same stream, moved on; closed if that fails. */
  static InputStream of(InputStream content, Descriptor descriptor, long from) {
    boolean skipped = false;
    try {
      content.skipNBytes(from);
      skipped = true;
      return content;
    } catch (EOFException e) {
      throw failure(ErrorKind.CORRUPT_DATA, descriptor, "ends before byte " + from, e);
    } catch (IOException e) {
      throw failure(ErrorKind.UNAVAILABLE, descriptor, "cannot be read: " + e.getMessage(), e);
    } finally {
      if (!skipped) {
        close(content);
      }
    }
  }

  private static void close(InputStream content) {
    try {
      content.close();
    } catch (IOException e) {
      // What failed before is what matters.
    }
  }

  private static RuncibleException failure(
      ErrorKind kind, Descriptor descriptor, String reason, IOException cause) {
    return new RuncibleException(kind, "content " + descriptor.digest() + " " + reason, cause);
  }
}
