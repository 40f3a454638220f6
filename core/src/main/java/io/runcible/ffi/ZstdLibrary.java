package io.runcible.ffi;

import org.jspecify.annotations.Nullable;

/** Holds libzstd, where the host has it. */
final class ZstdLibrary {
  private ZstdLibrary() {}

  static @Nullable Zstd get() {
    return Holder.ZSTD;
  }

  /** Loaded on first use. */
  private static final class Holder {
    static final @Nullable Zstd ZSTD = load();

    private static @Nullable Zstd load() {
      if (!NativeAccess.isAvailable()) {
        return null;
      }
      try {
        Zstd zstd = new Zstd();
        new ZstdDecompressor(zstd).close();
        return zstd;
      } catch (RuntimeException | LinkageError e) {
        return null;
      }
    }
  }
}
