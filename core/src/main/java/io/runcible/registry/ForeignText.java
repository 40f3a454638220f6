package io.runcible.registry;

/** Text from a registry made fit for a message: one line, of bounded length. */
final class ForeignText {
  private ForeignText() {}

  static String shown(String text, int maxLength) {
    int end = Math.min(text.length(), maxLength);
    StringBuilder shown = new StringBuilder(end + 1);
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      shown.append(isPlain(c) ? c : '?');
    }
    return shown.append(end < text.length() ? "…" : "").toString();
  }

  /** Neither a control character, nor one that breaks or turns the line, nor half of a pair. */
  private static boolean isPlain(char c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }
}
