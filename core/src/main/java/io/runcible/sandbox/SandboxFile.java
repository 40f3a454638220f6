package io.runcible.sandbox;

/** A file that a program finds in its working directory. */
final class SandboxFile {
  private final byte[] content;
  private final int mode;

  /** Takes the array. */
  SandboxFile(byte[] content, int mode) {
    this.content = content;
    this.mode = mode;
  }

  byte[] content() {
    return content;
  }

  int mode() {
    return mode;
  }
}
