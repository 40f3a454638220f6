package io.runcible.archive;

/** A compressed format whose blocks can be encoded side by side. */
interface BlockFormat {
  /** How long each block is, but for the last. */
  int blockLength();

  /** How many bytes before a block its encoder may refer to. */
  int historyLength();

  /** What stands before the first block. */
  byte[] header();

  /** Looks at content, in its order, on one thread. */
  void update(byte[] bytes, int offset, int length);

  /** What stands behind the last block. */
  byte[] trailer();

  /** A new encoder. */
  Encoder encoder();

  /** Encodes blocks; one thread at a time. */
  interface Encoder extends AutoCloseable {
    /** How much room a block can need. */
    int maxEncoded();

    /**
     * Encodes a block.
     *
     * @param history how many bytes before the offset may be referred to
     * @param last whether no block follows
     * @return how many bytes it takes in the output
     */
    int encode(byte[] bytes, int history, int offset, int length, boolean last, byte[] output);

    @Override
    void close();
  }
}
