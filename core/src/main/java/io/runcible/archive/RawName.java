package io.runcible.archive;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Names as archives carry them: one char for each byte. A <em>clean</em> name is relative, has no
 * empty, {@code .} or {@code ..} component, and is empty for the root.
 */
final class RawName {
  /** The kernel's limits, in bytes. */
  static final int MAX_PATH = 4095;

  static final int MAX_COMPONENT = 255;

  private static final int MAX_SHOWN = 200;

  private RawName() {}

  /**
   * Cleans a name; {@code ..} at the root stays there.
   *
   * @throws RuncibleException INVALID_INPUT for an empty name, a NUL, or one that is too long
   */
  static String clean(String name) {
    check(name);
    int start = 0;
    while (name.startsWith("./", start) || name.startsWith("/", start)) {
      start += name.charAt(start) == '/' ? 1 : 2;
    }
    int end = name.length();
    if (end > start && name.charAt(end - 1) == '/') {
      end--;
    }
    String rest = name.substring(start, end);
    return isClean(rest) ? rest : rebuild(rest);
  }

  /** A text that a caller gives, as a clean name. */
  static String ofText(String path) {
    return clean(new String(path.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1));
  }

  /** A name as text; what is no UTF-8 is replaced. */
  static String text(String name) {
    return new String(name.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }

  private static void check(String name) {
    if (name.isEmpty()) {
      throw invalid(name, "it is empty");
    }
    if (name.length() > MAX_PATH) {
      throw invalid(name, "it has " + name.length() + " bytes, and a path at most " + MAX_PATH);
    }
    if (name.indexOf('\0') >= 0) {
      throw invalid(name, "it has a NUL character");
    }
    int start = 0;
    while (start < name.length()) {
      int slash = name.indexOf('/', start);
      int end = slash < 0 ? name.length() : slash;
      if (end - start > MAX_COMPONENT) {
        throw invalid(
            name,
            "'"
                + printable(name.substring(start, end))
                + "' has "
                + (end - start)
                + " bytes, and a file name at most "
                + MAX_COMPONENT);
      }
      start = end + 1;
    }
  }

  private static boolean isClean(String name) {
    int start = 0;
    while (start < name.length()) {
      int slash = name.indexOf('/', start);
      int end = slash < 0 ? name.length() : slash;
      if (isDots(name, start, end) || end == start) {
        return false;
      }
      start = end + 1;
    }
    return true;
  }

  private static boolean isDots(String name, int start, int end) {
    int length = end - start;
    return length <= 2 && length > 0 && name.startsWith("..".substring(0, length), start);
  }

  private static String rebuild(String name) {
    StringBuilder clean = new StringBuilder(name.length());
    for (String component : name.split("/", -1)) {
      if (component.equals("..")) {
        clean.setLength(Math.max(0, clean.lastIndexOf("/")));
      } else if (!component.isEmpty() && !component.equals(".")) {
        if (clean.length() > 0) {
          clean.append('/');
        }
        clean.append(component);
      }
    }
    return clean.toString();
  }

  /** The directory part of a clean name; empty at the root. */
  static String parent(String clean) {
    int slash = clean.lastIndexOf('/');
    return slash < 0 ? "" : clean.substring(0, slash);
  }

  /** The last component of a clean name. */
  static String leaf(String clean) {
    return clean.substring(clean.lastIndexOf('/') + 1);
  }

  /** Joins a clean name and what lies below it. */
  static String child(String clean, String below) {
    return clean.isEmpty() ? below : clean + "/" + below;
  }

  /** The name for a message: text where it is text, no control characters, of bounded length. */
  static String printable(String name) {
    String text = name.isEmpty() ? "/" : name;
    try {
      text =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1)))
              .toString();
    } catch (CharacterCodingException e) {
      // Not UTF-8: shown byte by byte.
      return escape(text, 0x7e);
    }
    return escape(text, Character.MAX_VALUE);
  }

  private static String escape(String text, int last) {
    StringBuilder shown = new StringBuilder();
    for (int i = 0; i < Math.min(text.length(), MAX_SHOWN); i++) {
      char c = text.charAt(i);
      boolean control = Character.isISOControl(c) || c == '\u2028' || c == '\u2029';
      if (control || c > last) {
        shown.append(String.format(c > 0xff ? "\\u%04x" : "\\x%02x", (int) c));
      } else {
        shown.append(c);
      }
    }
    return text.length() > MAX_SHOWN ? shown.append('…').toString() : shown.toString();
  }

  static RuncibleException invalid(String name, String reason) {
    return new RuncibleException(
        ErrorKind.INVALID_INPUT,
        "the archive names '" + printable(name) + "', which cannot be unpacked: " + reason);
  }
}
