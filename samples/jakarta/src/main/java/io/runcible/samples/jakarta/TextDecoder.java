package io.runcible.samples.jakarta;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Makes text of bytes that come in parts, which may end within a character. A run that is cancelled
 * may still be read from: nothing comes after the end.
 */
final class TextDecoder {
  private static final int MAX_CHARACTER = 4;

  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);

  /** The beginning of a character. */
  private byte[] rest = new byte[0];

  private boolean ended;

  String append(byte[] bytes) {
    return decode(bytes, false);
  }

  /** What is left, which is no character. */
  String end() {
    return decode(new byte[0], true);
  }

  private synchronized String decode(byte[] bytes, boolean end) {
    if (ended) {
      return "";
    }
    ended = end;
    ByteBuffer in = ByteBuffer.allocate(rest.length + bytes.length).put(rest).put(bytes).flip();
    CharBuffer out = CharBuffer.allocate(in.remaining() + MAX_CHARACTER);
    decoder.decode(in, out, end);
    rest = new byte[in.remaining()];
    in.get(rest);
    return out.flip().toString();
  }
}
