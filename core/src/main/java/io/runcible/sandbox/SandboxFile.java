package io.runcible.sandbox;

/** A file that a program finds in its working directory. */
record SandboxFile(byte[] content, int mode) {}
