package io.runcible.archive;

import io.runcible.ffi.IgzipInflater;
import java.util.concurrent.atomic.LongAdder;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Inflates raw deflate data, in the manner of {@link Inflater}. */
interface RawInflater {
  /** How far {@link #remaining()} may reach back before the last input that was given. */
  int MAX_HELD = 8;

  void reset();

  void setInput(byte[] bytes, int offset, int length);

  int inflate(byte[] bytes, int offset, int length) throws DataFormatException;

  boolean needsInput();

  /** May become true late, but not later than when eight bytes behind the end were given. */
  boolean finished();

  /** How many of the last bytes given lie behind the end of the data. */
  int remaining();

  /** Ends it, also while another thread is in it. */
  void close();

  /** Ends it where nobody else can be in it, so that it may serve again. */
  default void release() {
    close();
  }

  /**
   * The native one if the host has it, otherwise Java's own until ours is worth its compilation.
   */
  static RawInflater fastest() {
    if (IgzipInflater.isAvailable()) {
      IgzipInflater spare = Igzip.SPARES.take();
      return new Igzip(spare != null ? spare : IgzipInflater.open());
    }
    return Jdk.GIVEN.sum() < Jdk.ENOUGH ? jdk() : PureInflater.open();
  }

  static RawInflater jdk() {
    return new Jdk(new Inflater(true));
  }

  /** The one that every Java runtime has. */
  record Jdk(Inflater inflater) implements RawInflater {
    /** What the compiler takes for {@link PureInflater} is what that saves of so many bytes. */
    private static final long ENOUGH = 128L << 20;

    private static final LongAdder GIVEN = new LongAdder();

    @Override
    public void reset() {
      inflater.reset();
    }

    @Override
    public void setInput(byte[] bytes, int offset, int length) {
      GIVEN.add(length);
      inflater.setInput(bytes, offset, length);
    }

    @Override
    public int inflate(byte[] bytes, int offset, int length) throws DataFormatException {
      return inflater.inflate(bytes, offset, length);
    }

    @Override
    public boolean needsInput() {
      return inflater.needsInput();
    }

    @Override
    public boolean finished() {
      return inflater.finished();
    }

    @Override
    public int remaining() {
      return inflater.getRemaining();
    }

    @Override
    public void close() {
      inflater.end();
    }
  }

  /** The fast one. */
  record Igzip(IgzipInflater inflater) implements RawInflater {
    /** It has nearly a megabyte of memory, which has to be cleared and freed otherwise. */
    private static final Spares<IgzipInflater> SPARES = new Spares<>(4);

    @Override
    public void reset() {
      inflater.reset();
    }

    @Override
    public void setInput(byte[] bytes, int offset, int length) {
      inflater.setInput(bytes, offset, length);
    }

    @Override
    public int inflate(byte[] bytes, int offset, int length) throws DataFormatException {
      return inflater.inflate(bytes, offset, length);
    }

    @Override
    public boolean needsInput() {
      return inflater.needsInput();
    }

    @Override
    public boolean finished() {
      return inflater.finished();
    }

    @Override
    public int remaining() {
      return inflater.remaining();
    }

    @Override
    public void close() {
      // Its memory goes with the object.
    }

    @Override
    public void release() {
      inflater.reset();
      SPARES.give(inflater);
    }
  }
}
