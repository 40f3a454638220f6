package io.runcible;

/**
 * One step of an operation that moves content. For each digest there is one {@link Started}, any
 * number of {@link Advanced} with absolute counts, and one {@link Finished}; content that is
 * already there gets {@link Skipped} alone. An operation that fails ends by its exception. One that
 * unpacks into a store tells in the end what it {@linkplain LeftOut left out}; {@link
 * io.runcible.snapshot.PlainUnpacker} returns it.
 */
public sealed interface ProgressEvent {
  /** The content the event is about. */
  Digest digest();

  /**
   * A transfer begins.
   *
   * @param digest what is moved
   * @param size its size in bytes
   */
  record Started(Digest digest, long size) implements ProgressEvent {}

  /**
   * A transfer goes on.
   *
   * @param digest what is moved
   * @param bytes how many bytes have been moved since the start
   * @param size the size in bytes
   */
  record Advanced(Digest digest, long bytes, long size) implements ProgressEvent {}

  /**
   * A transfer is complete and verified.
   *
   * @param digest what was moved
   * @param size the size in bytes
   */
  record Finished(Digest digest, long size) implements ProgressEvent {}

  /**
   * Nothing had to be moved.
   *
   * @param digest what was there already
   * @param size its size in bytes
   */
  record Skipped(Digest digest, long size) implements ProgressEvent {}

  /**
   * A layer was unpacked but for something that cannot be made here, such as a device by an
   * ordinary user. Told for the first thousand things of an image at most, when the image is in the
   * store; not again when it is there already.
   *
   * @param digest the layer
   * @param name the path of the entry in the layer, for a person to read
   * @param what what was left out, and why
   */
  record LeftOut(Digest digest, String name, String what) implements ProgressEvent {}
}
