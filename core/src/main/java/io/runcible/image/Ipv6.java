package io.runcible.image;

/** Recognises the text form of an IPv6 address (RFC 4291, section 2.2, without dotted quads). */
final class Ipv6 {
  private static final int GROUPS = 8;
  private static final int MAX_GROUP_DIGITS = 4;

  private Ipv6() {}

  static boolean isLiteral(String text) {
    int gap = text.indexOf("::");
    if (gap < 0) {
      return groups(text) == GROUPS;
    }
    String head = text.substring(0, gap);
    String tail = text.substring(gap + 2);
    int before = head.isEmpty() ? 0 : groups(head);
    int after = tail.isEmpty() ? 0 : groups(tail);
    return before >= 0 && after >= 0 && before + after < GROUPS;
  }

  /** How many groups of hex digits the colons separate, or a very negative number. */
  private static int groups(String text) {
    int groups = 0;
    int digits = 0;
    for (int i = 0; i <= text.length(); i++) {
      char c = i == text.length() ? ':' : text.charAt(i);
      if (c == ':') {
        if (digits == 0) {
          return Integer.MIN_VALUE;
        }
        groups++;
        digits = 0;
      } else if (Character.digit(c, 16) < 0 || c > 'f' || ++digits > MAX_GROUP_DIGITS) {
        return Integer.MIN_VALUE;
      }
    }
    return groups;
  }
}
