package io.runcible.ffi;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A block for a {@link ScriptProgram}: system calls one after the other, what they must return and
 * where it goes on otherwise, and their data.
 */
public final class Script {
  private static final int WORDS = 11;
  private static final int STEP = WORDS * Long.BYTES;
  private static final int ARGUMENTS = 6;
  private static final int LEAST = 7;
  private static final int INSTRUCTION = 8;

  private final Architecture architecture;
  private final List<Step> steps = new ArrayList<>();
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();
  private final List<Pointer> pointers = new ArrayList<>();

  /** An address in the block: a word of a step, or data. */
  public static final class Place {
    private boolean ofStep;
    private int offset = -1;

    private Place at(boolean step, int position) {
      ofStep = step;
      offset = position;
      return this;
    }

    /** A place some bytes behind it. */
    public Place plus(int bytes) {
      return new Place().at(ofStep, offset + bytes);
    }
  }

  /** Where a step, that may be added later, is told what to expect. */
  public record Expectation(Place step) {}

  private record Pointer(int at, Place target) {}

  /** A call, by default with any result and for the next step to follow. */
  public static final class Step {
    private final Object[] words = new Object[WORDS];

    private Step(long number, Object... arguments) {
      words[0] = number;
      for (int i = 0; i < ARGUMENTS; i++) {
        words[1 + i] = i < arguments.length ? arguments[i] : 0L;
      }
      range(0, -1, 0L);
      // Somewhere.
      words[10] = ScriptProgram.REPLY + ScriptProgram.REPLY_SIZE - Long.BYTES;
    }

    /** Stores the result. */
    public Step into(Object place) {
      words[10] = place;
      return this;
    }

    /** Goes on elsewhere unless it returns this, which another step may have stored. */
    public Step expect(long value, Place otherwise) {
      return range(value, 0, otherwise);
    }

    /** Goes on elsewhere unless it returns at least this. */
    public Step atLeast(long value, Place otherwise) {
      return range(value, Long.MAX_VALUE - value, otherwise);
    }

    /** Goes on elsewhere: no call returns this. */
    public void thenGoTo(Place next) {
      range(Long.MIN_VALUE, 0, next);
    }

    private Step range(long least, long distance, Object otherwise) {
      words[LEAST] = least;
      words[8] = distance;
      words[9] = otherwise;
      return this;
    }
  }

  /** An empty one. */
  public Script(Architecture architecture) {
    this.architecture = architecture;
  }

  /** Adds a call; its arguments are numbers and places. */
  public Step call(SystemCall call, Object... arguments) {
    return call(call.number(architecture), arguments);
  }

  /** The same by a number of the architecture. */
  public Step call(long number, Object... arguments) {
    Step step = new Step(number, arguments);
    steps.add(step);
    return step;
  }

  /** Ends the script: the next block is read. */
  public void nextBlock() {
    steps.add(new Step(-1));
  }

  /** The step that is added next is at this place. */
  public Place here(Place label) {
    return label.at(true, steps.size() * STEP);
  }

  /** Data, at an address that a word of eight bytes may have. */
  public Place data(byte[] bytes) {
    while (data.size() % Long.BYTES != 0) {
      data.write(0);
    }
    Place place = new Place().at(false, data.size());
    data.writeBytes(bytes);
    return place;
  }

  /** A string that ends with a zero. */
  public Place text(String text) {
    return data((text + "\0").getBytes(StandardCharsets.UTF_8));
  }

  /** Strings as execve(2) wants them. */
  public Place texts(List<String> texts) {
    List<Place> places = texts.stream().map(this::text).toList();
    Place array = data(new byte[(places.size() + 1) * Long.BYTES]);
    for (int i = 0; i < places.size(); i++) {
      pointers.add(new Pointer(array.offset + i * Long.BYTES, places.get(i)));
    }
    return array;
  }

  /** What recvmsg(2) wants (struct msghdr), for one byte that comes with descriptors. */
  public Place header(int descriptors) {
    Place byteRead = data(new byte[Long.BYTES]);
    Place vector = data(words(0, 1));
    Place control = data(new byte[control(descriptors)]);
    Place header = data(words(0, 0, 0, 1, 0, control(descriptors), 0));
    pointers.add(new Pointer(vector.offset, byteRead));
    pointers.add(new Pointer(header.offset + 2 * Long.BYTES, vector));
    pointers.add(new Pointer(header.offset + 4 * Long.BYTES, control));
    return header;
  }

  /** The size of a struct cmsghdr with descriptors. */
  private static int control(int descriptors) {
    return 2 * Long.BYTES + (Integer.BYTES * descriptors + 7 & -8);
  }

  private static byte[] words(long... words) {
    ByteBuffer bytes =
        ByteBuffer.allocate(words.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long word : words) {
      bytes.putLong(word);
    }
    return bytes.array();
  }

  /** Instructions as seccomp(2) wants them (struct sock_fprog). */
  public Place filter(byte[] instructions) {
    Place content = data(instructions);
    ByteBuffer head = ByteBuffer.allocate(2 * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    head.putShort((short) (instructions.length / INSTRUCTION));
    Place place = data(head.array());
    pointers.add(new Pointer(place.offset + Long.BYTES, content));
    return place;
  }

  /**
   * The block with its length.
   *
   * @throws RuncibleException INVALID_INPUT if there is no room for it in the program
   */
  public byte[] block() {
    long size = (long) Long.BYTES + (long) steps.size() * STEP + data.size();
    if (size > ScriptProgram.BLOCK_SIZE) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "the command and the environment are too large: with them it takes "
              + size
              + " bytes to start, and there is room for "
              + ScriptProgram.BLOCK_SIZE);
    }
    byte[] bytes = data.toByteArray();
    ByteBuffer block = ByteBuffer.allocate((int) size).order(ByteOrder.LITTLE_ENDIAN);
    block.putLong(block.capacity() - Long.BYTES);
    for (Step step : steps) {
      for (Object word : step.words) {
        block.putLong(resolve(word));
      }
    }
    int start = block.position();
    block.put(bytes);
    pointers.forEach(pointer -> block.putLong(start + pointer.at(), resolve(pointer.target())));
    return block.array();
  }

  private long resolve(Object word) {
    if (word instanceof Number number) {
      return number.longValue();
    }
    if (word instanceof Expectation expectation) {
      return resolve(expectation.step()) + LEAST * Long.BYTES;
    }
    Place place = (Place) word;
    long base = ScriptProgram.BLOCK + Long.BYTES;
    return base + place.offset + (place.ofStep ? 0 : steps.size() * STEP);
  }
}
