package io.runcible.archive;

import static io.runcible.archive.DeflateCodes.DISTANCE_BITS;
import static io.runcible.archive.DeflateCodes.LITERAL_BITS;
import static io.runcible.archive.HuffmanTable.CODE;
import static io.runcible.archive.HuffmanTable.FURTHER;
import static io.runcible.archive.HuffmanTable.SPECIAL;
import static io.runcible.archive.HuffmanTable.TAKEN;
import static io.runcible.archive.HuffmanTable.VALUE;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.zip.DataFormatException;

/**
 * Inflates (RFC 1951) in Java. Once it is compiled it is faster than zlib: it takes eight bytes of
 * input at a time and up to three literals a round, and copies eight bytes at a time. It takes what
 * zlib takes.
 */
final class PureInflater implements RawInflater {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int HISTORY = 32 * 1024;

  /** Where the history moves to the front, and the output goes on behind it. */
  private static final int LIMIT = HISTORY + 256 * 1024;

  /** Three literals and a match may begin below the limit, and a copy goes on behind its end. */
  private static final int SLACK = 3 + 258 + 32;

  /** A round of the fast loop takes eight bytes twice. */
  private static final int ROUND = 16;

  private static final int LITERAL_MASK = (1 << LITERAL_BITS) - 1;
  private static final int DISTANCE_MASK = (1 << DISTANCE_BITS) - 1;

  /** Its window takes as long to clear as a small layer to inflate. */
  private static final Spares<PureInflater> SPARES = new Spares<>(4);

  private final BitInput input = new BitInput();
  private final DeflateCodes codes = new DeflateCodes();
  private final byte[] window = new byte[LIMIT + SLACK];
  private int drained;
  private int out;
  private State state = State.BLOCK;
  private boolean last;
  private int stored;

  private enum State {
    BLOCK,
    STORED_LENGTH,
    STORED,
    CODE_COUNTS,
    CODE_LENGTHS,
    SYMBOLS,
    END,
    CORRUPT
  }

  static PureInflater open() {
    PureInflater spare = SPARES.take();
    return spare != null ? spare : new PureInflater();
  }

  @Override
  public void reset() {
    input.reset();
    drained = 0;
    out = 0;
    state = State.BLOCK;
    last = false;
  }

  @Override
  public void setInput(byte[] bytes, int offset, int length) {
    input.give(bytes, offset, length);
  }

  @Override
  public int inflate(byte[] bytes, int offset, int length) throws DataFormatException {
    if (drained == out) {
      if (out >= LIMIT) {
        System.arraycopy(window, out - HISTORY, window, 0, HISTORY);
        out = HISTORY;
        drained = HISTORY;
      }
      try {
        while (out < LIMIT && step()) {}
      } catch (DataFormatException e) {
        state = State.CORRUPT;
        throw e;
      }
    }
    int count = Math.min(length, out - drained);
    System.arraycopy(window, drained, bytes, offset, count);
    drained += count;
    return count;
  }

  @Override
  public boolean needsInput() {
    return drained == out && input.at == input.limit && state != State.END;
  }

  @Override
  public boolean finished() {
    return drained == out && state == State.END;
  }

  @Override
  public int remaining() {
    return input.remaining();
  }

  @Override
  public void close() {
    // Its memory goes with the object.
  }

  @Override
  public void release() {
    reset();
    SPARES.give(this);
  }

  /** False if nothing goes on without more input. */
  private boolean step() throws DataFormatException {
    return switch (state) {
      case BLOCK -> block();
      case STORED_LENGTH -> storedLength();
      case STORED -> copyStored();
      case CODE_COUNTS -> codes.begin(input) && become(State.CODE_LENGTHS);
      case CODE_LENGTHS -> codes.read(input) && become(State.SYMBOLS);
      case SYMBOLS -> symbols();
      case END -> false;
      case CORRUPT -> throw new DataFormatException("it was corrupt before");
    };
  }

  private boolean become(State next) {
    state = next;
    return true;
  }

  private boolean block() throws DataFormatException {
    if (!input.has(3)) {
      return false;
    }
    last = input.take(1) == 1;
    return switch (input.take(2)) {
      case 0 -> {
        input.align();
        yield become(State.STORED_LENGTH);
      }
      case 1 -> {
        codes.fix();
        yield become(State.SYMBOLS);
      }
      case 2 -> become(State.CODE_COUNTS);
      default -> throw new DataFormatException("invalid type of a block");
    };
  }

  private boolean endBlock() {
    return become(last ? State.END : State.BLOCK);
  }

  private boolean storedLength() throws DataFormatException {
    if (!input.has(32)) {
      return false;
    }
    stored = input.take(16);
    if (input.take(16) != (stored ^ 0xffff)) {
      throw new DataFormatException("invalid length of a stored block");
    }
    return become(State.STORED);
  }

  private boolean copyStored() {
    while (stored > 0 && input.count > 0) {
      if (out == LIMIT) {
        return true;
      }
      window[out++] = (byte) input.take(8);
      stored--;
    }
    if (stored > 0) {
      int count = Math.min(Math.min(stored, LIMIT - out), input.limit - input.at);
      if (count == 0) {
        return false;
      }
      System.arraycopy(input.bytes, input.at, window, out, count);
      input.at += count;
      out += count;
      stored -= count;
    }
    return stored > 0 || endBlock();
  }

  private boolean symbols() throws DataFormatException {
    return rounds() || symbol();
  }

  /** Takes one symbol, if all of it is there. */
  private boolean symbol() throws DataFormatException {
    input.refill();
    long held = input.held;
    int count = input.count;
    int entry = codes.literals().entries[(int) held & LITERAL_MASK];
    if ((entry & FURTHER) != 0) {
      held >>>= LITERAL_BITS;
      count -= LITERAL_BITS;
      entry = further(codes.literals(), entry, held);
    }
    count -= entry & TAKEN;
    if (count < 0) {
      return false;
    }
    if (entry < 0) {
      window[out++] = (byte) (entry >> VALUE);
    } else if ((entry & SPECIAL) != 0) {
      requireEnd(entry);
      endBlock();
    } else {
      int length = value(entry, held);
      held >>>= entry;
      entry = codes.distances().entries[(int) held & DISTANCE_MASK];
      if ((entry & FURTHER) != 0) {
        held >>>= DISTANCE_BITS;
        count -= DISTANCE_BITS;
        entry = further(codes.distances(), entry, held);
      }
      count -= entry & TAKEN;
      if (count < 0) {
        return false;
      }
      copy(length, distance(entry, held, out));
    }
    input.held = held >>> entry;
    input.count = count;
    return true;
  }

  private void copy(int length, int distance) {
    for (int end = out + length; out < end; out++) {
      window[out] = window[out - distance];
    }
  }

  private static int further(HuffmanTable table, int entry, long held) {
    return table.entries[(entry >>> VALUE) + ((int) held & (1 << (entry >>> CODE)) - 1)];
  }

  /** The bits behind the code are added. A shift takes the lowest bits of its distance alone. */
  private static int value(int entry, long held) {
    return (entry >>> VALUE) + (int) ((held & (1L << entry) - 1) >>> (entry >>> CODE));
  }

  private static int distance(int entry, long held, int out) throws DataFormatException {
    if ((entry & SPECIAL) != 0) {
      throw new DataFormatException("invalid distance code");
    }
    int distance = value(entry, held);
    if (distance > out) {
      throw new DataFormatException("invalid distance too far back");
    }
    return distance;
  }

  private static void requireEnd(int entry) throws DataFormatException {
    if ((entry & HuffmanTable.END) == 0) {
      throw new DataFormatException("invalid literal or length code");
    }
  }

  /**
   * Takes symbols as long as there is input and room for a whole round; false if that was not for
   * one.
   */
  private boolean rounds() throws DataFormatException {
    byte[] bytes = input.bytes;
    byte[] to = window;
    int[] literals = codes.literals().entries;
    int[] distances = codes.distances().entries;
    long held = input.held;
    int count = input.count;
    int at = input.at;
    int put = out;
    int lastRound = input.limit - ROUND;
    if (at > lastRound || put >= LIMIT) {
      return false;
    }
    do {
      held |= (long) LONGS.get(bytes, at) << count;
      at += ~count >>> 3 & 7;
      count |= 56;
      int entry = literals[(int) held & LITERAL_MASK];
      if (entry < 0) {
        held >>>= entry;
        count -= entry;
        to[put++] = (byte) (entry >> VALUE);
        entry = literals[(int) held & LITERAL_MASK];
        if (entry < 0) {
          held >>>= entry;
          count -= entry;
          to[put++] = (byte) (entry >> VALUE);
          entry = literals[(int) held & LITERAL_MASK];
          if (entry < 0) {
            held >>>= entry;
            count -= entry;
            to[put++] = (byte) (entry >> VALUE);
            continue;
          }
        }
      }
      if ((entry & SPECIAL) != 0) {
        if ((entry & FURTHER) != 0) {
          held >>>= LITERAL_BITS;
          count -= LITERAL_BITS;
          entry = literals[(entry >>> VALUE) + ((int) held & (1 << (entry >>> CODE)) - 1)];
          if (entry < 0) {
            held >>>= entry;
            count -= entry;
            to[put++] = (byte) (entry >> VALUE);
            continue;
          }
        }
        if ((entry & SPECIAL) != 0) {
          requireEnd(entry);
          held >>>= entry;
          count -= entry;
          endBlock();
          break;
        }
      }
      int length = value(entry, held);
      held >>>= entry;
      count -= entry;
      held |= (long) LONGS.get(bytes, at) << count;
      at += ~count >>> 3 & 7;
      count |= 56;
      entry = distances[(int) held & DISTANCE_MASK];
      if ((entry & FURTHER) != 0) {
        held >>>= DISTANCE_BITS;
        count -= DISTANCE_BITS;
        entry = distances[(entry >>> VALUE) + ((int) held & (1 << (entry >>> CODE)) - 1)];
      }
      int distance = distance(entry, held, put);
      held >>>= entry;
      count -= entry;
      repeat(to, put, length, distance);
      put += length;
    } while (at <= lastRound && put < LIMIT);
    input.held = held & (1L << count) - 1;
    input.count = count & TAKEN;
    input.at = at;
    out = put;
    return true;
  }

  /** By eight bytes, so that what follows is overwritten. */
  private static void repeat(byte[] to, int start, int length, int distance) {
    int put = start;
    int from = start - distance;
    int end = start + length;
    if (distance < Long.BYTES) {
      // Each time the bytes up to the next repetition are right.
      for (; put < end; put += distance, from += distance) {
        LONGS.set(to, put, (long) LONGS.get(to, from));
      }
      return;
    }
    // Most are short: nothing has to be foretold of how often those go round.
    LONGS.set(to, put, (long) LONGS.get(to, from));
    LONGS.set(to, put + 8, (long) LONGS.get(to, from + 8));
    for (int done = 16; done < length; done += 16) {
      LONGS.set(to, put + done, (long) LONGS.get(to, from + done));
      LONGS.set(to, put + done + 8, (long) LONGS.get(to, from + done + 8));
    }
  }
}
