package io.runcible.archive;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.Locale;

/** How a layer is compressed. */
public enum Compression {
  NONE(0, 0),
  GZIP(6, 9),
  ZSTD(3, 22);

  private final int defaultLevel;
  private final int maxLevel;

  Compression(int defaultLevel, int maxLevel) {
    this.defaultLevel = defaultLevel;
    this.maxLevel = maxLevel;
  }

  /** The level that most tools use: 6 for gzip, 3 for zstd. */
  public int defaultLevel() {
    return defaultLevel;
  }

  /**
   * Checks a level; NONE takes any.
   *
   * @throws RuncibleException INVALID_INPUT for one that there is not
   */
  public void checkLevel(int level) {
    if (this != NONE && (level < 1 || level > maxLevel)) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          name().toLowerCase(Locale.ROOT) + " has the levels 1 to " + maxLevel + ", not " + level);
    }
  }

  /** How many first bytes {@link #detect} looks at. */
  static final int MAGIC_LENGTH = 4;

  /**
   * Tells the compression from the first bytes of some content; fewer than four are enough only for
   * content that has no more.
   */
  public static Compression detect(byte[] content) {
    if (content.length >= 3 && u8(content, 0) == 0x1f && u8(content, 1) == 0x8b) {
      return GZIP;
    }
    if (content.length >= MAGIC_LENGTH) {
      boolean frame = u8(content, 0) == 0x28 && u8(content, 1) == 0xb5 && u8(content, 2) == 0x2f;
      boolean skippable = (u8(content, 0) & 0xf0) == 0x50 && u8(content, 1) == 0x2a;
      if (frame && u8(content, 3) == 0xfd
          || skippable && u8(content, 2) == 0x4d && u8(content, 3) == 0x18) {
        return ZSTD;
      }
    }
    return NONE;
  }

  private static int u8(byte[] content, int index) {
    return content[index] & 0xff;
  }
}
