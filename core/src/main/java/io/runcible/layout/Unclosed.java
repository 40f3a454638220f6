package io.runcible.layout;

import java.io.FilterInputStream;
import java.io.InputStream;

/** A stream that stays open, for readers that close what they are given. */
final class Unclosed extends FilterInputStream {
  Unclosed(InputStream in) {
    super(in);
  }

  @Override
  public void close() {}
}
