package io.runcible.image;

/** Foreign text made fit for a message: one line, of bounded length. */
final class Shown {
  private static final int MAX_LENGTH = 150;

  private Shown() {}

  static String of(String text) {
    int end = Math.min(text.length(), MAX_LENGTH);
    StringBuilder shown = new StringBuilder(end + 3).append('\'');
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      shown.append(c < ' ' || (c >= 0x7f && c < 0xa0) || c == '\u2028' || c == '\u2029' ? '?' : c);
    }
    return shown.append(end < text.length() ? "…'" : "'").toString();
  }
}
