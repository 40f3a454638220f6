package io.runcible.ffi;

import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.Objects;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/**
 * Inflates raw deflate data with ISA-L, about twice as fast as zlib. It has the form of {@link
 * java.util.zip.Inflater}. Not thread-safe; its memory is freed when it is no longer reachable.
 */
public final class IgzipInflater {
  private static final int INPUT = 64 * 1024;
  private static final int OUTPUT = 256 * 1024;

  /** The state has 87,368 bytes in release 2.30, and may grow. */
  private static final int STATE = 512 * 1024;

  // The first fields of struct inflate_state, which all releases of this ABI share.
  private static final int NEXT_OUT = 0;
  private static final int AVAIL_OUT = 8;
  private static final int NEXT_IN = 16;
  private static final int AVAIL_IN = 32;

  /** Bits taken from the input and not used yet; at the end, bytes of what follows. */
  private static final int READ_IN_LENGTH = 36;

  private static final byte[] NOTHING = {};

  private final Isal isal;
  private final Pointer state = Native.allocate(STATE);
  private final Pointer input = Native.allocate(INPUT);
  private final Pointer output = Native.allocate(OUTPUT);
  private byte[] pending = NOTHING;
  private int pendingStart;
  private int pendingEnd;
  private boolean finished;
  private boolean mayHoldOutput;

  private IgzipInflater(Isal isal) {
    this.isal = isal;
    reset();
  }

  /** Whether the library is there and works. Never throws. */
  public static boolean isAvailable() {
    return Holder.ISAL != null;
  }

  /**
   * A new inflater.
   *
   * @throws IllegalStateException unless {@link #isAvailable()}
   */
  public static IgzipInflater open() {
    Isal isal = Holder.ISAL;
    if (isal == null) {
      throw new IllegalStateException("libisal.so.2 is not available");
    }
    return new IgzipInflater(isal);
  }

  /** Starts anew, without input. */
  public void reset() {
    isal.isal_inflate_init(state);
    state.putLong(NEXT_IN, input.address());
    state.putInt(AVAIL_IN, 0);
    pending = NOTHING;
    pendingStart = 0;
    pendingEnd = 0;
    finished = false;
    mayHoldOutput = false;
  }

  /** Gives more input, after {@link #needsInput()}; the array must not change until it is used. */
  public void setInput(byte[] bytes, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    pending = bytes;
    pendingStart = offset;
    pendingEnd = offset + length;
  }

  /**
   * Inflates into an array.
   *
   * @return the number of bytes; 0 if input is needed or the data has ended
   * @throws DataFormatException if this is no deflate data
   */
  public int inflate(byte[] bytes, int offset, int length) throws DataFormatException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    int room = Math.min(length, OUTPUT);
    int count = 0;
    while (count == 0 && !finished && room > 0 && !needsInput()) {
      feed();
      state.putLong(NEXT_OUT, output.address());
      state.putInt(AVAIL_OUT, room);
      int result = isal.isal_inflate(state);
      if (result < 0) {
        throw new DataFormatException("invalid deflate data (" + result + ")");
      }
      int left = state.getInt(AVAIL_OUT);
      count = room - left;
      mayHoldOutput = left == 0;
      // It takes all input that there is, unless it lacks room or has come to the end.
      finished = left > 0 && state.getInt(AVAIL_IN) > 0;
    }
    output.get(0, bytes, offset, count);
    Reference.reachabilityFence(this);
    return count;
  }

  private void feed() {
    if (state.getInt(AVAIL_IN) == 0) {
      int count = Math.min(INPUT, pendingEnd - pendingStart);
      input.put(0, pending, pendingStart, count);
      pendingStart += count;
      state.putLong(NEXT_IN, input.address());
      state.putInt(AVAIL_IN, count);
    }
  }

  /** Whether nothing more comes out without more input. */
  public boolean needsInput() {
    return !finished && !mayHoldOutput && pendingStart == pendingEnd && state.getInt(AVAIL_IN) == 0;
  }

  /** Whether the data has ended, which shows only when at least eight bytes follow it. */
  public boolean finished() {
    return finished;
  }

  /** How many of the last bytes of input lie behind the end of the data. */
  public int remaining() {
    return pendingEnd - pendingStart + state.getInt(AVAIL_IN) + state.getInt(READ_IN_LENGTH) / 8;
  }

  /** Loaded on first use, and tried on a few bytes, because the layout of the state is assumed. */
  private static final class Holder {
    static final @Nullable Isal ISAL = load();

    private static @Nullable Isal load() {
      if (!NativeAccess.isAvailable()) {
        return null;
      }
      try {
        Isal isal = new Isal();
        return works(new IgzipInflater(isal)) ? isal : null;
      } catch (RuntimeException | LinkageError e) {
        return null;
      }
    }

    private static boolean works(IgzipInflater inflater) {
      byte[] plain = new byte[1000];
      for (int i = 0; i < plain.length; i++) {
        plain[i] = (byte) (i * i >> 5);
      }
      byte[] packed = new byte[2000];
      Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
      deflater.setInput(plain);
      deflater.finish();
      int length = deflater.deflate(packed);
      deflater.end();
      byte[] result = new byte[2 * plain.length];
      inflater.setInput(packed, 0, length + 8);
      try {
        int count = inflater.inflate(result, 0, result.length);
        inflater.inflate(result, count, 1);
        return Arrays.equals(plain, Arrays.copyOf(result, plain.length))
            && count == plain.length
            && inflater.finished()
            && inflater.remaining() == 8;
      } catch (DataFormatException e) {
        return false;
      }
    }
  }
}
