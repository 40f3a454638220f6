package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/**
 * Looks for the keys that detach in what is typed. What may be their beginning is held back until
 * the next key.
 */
final class DetachKeys {
  static final String DEFAULT = "ctrl-p,ctrl-q";

  private final byte[] keys;
  private int matched;

  private DetachKeys(byte[] keys) {
    this.keys = keys;
  }

  /**
   * As other engines write them.
   *
   * @throws RuncibleException INVALID_INPUT for what is no key
   */
  static DetachKeys parse(String text) {
    if (text.isEmpty()) {
      return new DetachKeys(new byte[0]);
    }
    ByteArrayOutputStream keys = new ByteArrayOutputStream();
    for (String key : text.split(",", -1)) {
      keys.write(key(key));
    }
    return new DetachKeys(keys.toByteArray());
  }

  private static int key(String key) {
    boolean control = key.startsWith("ctrl-") && key.length() == 6;
    char letter = key.isEmpty() ? 0 : key.charAt(key.length() - 1);
    if (control && ((letter >= '@' && letter <= '_') || (letter >= 'a' && letter <= 'z'))) {
      return letter & 0x1f;
    }
    if (key.length() == 1 && letter > ' ' && letter <= '~') {
      return letter;
    }
    throw new RuncibleException(
        ErrorKind.INVALID_INPUT, "'" + key + "' is no key to detach: give a letter, or ctrl-x");
  }

  /** Whether they have been typed; then nothing more is to be passed on. */
  boolean isTyped() {
    return keys.length > 0 && matched == keys.length;
  }

  /** What is to be passed on of what was typed. */
  byte[] pass(byte[] typed, int count) {
    ByteArrayOutputStream passed = new ByteArrayOutputStream(count + keys.length);
    for (int i = 0; i < count && !isTyped(); i++) {
      if (keys.length == 0) {
        passed.write(typed[i]);
      } else {
        next(typed[i], passed);
      }
    }
    return passed.toByteArray();
  }

  /** The longest beginning of the keys that what was typed last ends with is held back. */
  private void next(byte key, ByteArrayOutputStream passed) {
    byte[] held = Arrays.copyOf(keys, matched + 1);
    held[matched] = key;
    int begin = 0;
    while (!beginsWith(held, begin)) {
      passed.write(held[begin]);
      begin++;
    }
    matched = held.length - begin;
  }

  private boolean beginsWith(byte[] held, int from) {
    return Arrays.equals(held, from, held.length, keys, 0, held.length - from);
  }
}
