package io.runcible.sandbox;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A block for the {@link InitProgram}: system calls one after the other, what they must return and
 * where it goes on otherwise, and their data.
 */
final class Script {
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
  static final class Place {
    private boolean ofStep;
    private int offset = -1;

    private Place at(boolean step, int position) {
      ofStep = step;
      offset = position;
      return this;
    }

    Place plus(int bytes) {
      return new Place().at(ofStep, offset + bytes);
    }
  }

  /** Where a step, that may be added later, is told what to expect. */
  record Expectation(Place step) {}

  private record Pointer(int at, Place target) {}

  /** A call, by default with any result and for the next step to follow. */
  static final class Step {
    private final Object[] words = new Object[WORDS];

    private Step(long number, Object... arguments) {
      words[0] = number;
      for (int i = 0; i < ARGUMENTS; i++) {
        words[1 + i] = i < arguments.length ? arguments[i] : 0L;
      }
      range(0, -1, 0L);
      // Somewhere.
      words[10] = InitProgram.REPLY + InitProgram.REPLY_SIZE - Long.BYTES;
    }

    /** Stores the result. */
    Step into(Object place) {
      words[10] = place;
      return this;
    }

    /** Goes on elsewhere unless it returns this, which another step may have stored. */
    Step expect(long value, Place otherwise) {
      return range(value, 0, otherwise);
    }

    /** Goes on elsewhere unless it returns at least this. */
    Step atLeast(long value, Place otherwise) {
      return range(value, Long.MAX_VALUE - value, otherwise);
    }

    /** Goes on elsewhere: no call returns this. */
    void thenGoTo(Place next) {
      range(Long.MIN_VALUE, 0, next);
    }

    private Step range(long least, long distance, Object otherwise) {
      words[LEAST] = least;
      words[8] = distance;
      words[9] = otherwise;
      return this;
    }
  }

  Script(Architecture architecture) {
    this.architecture = architecture;
  }

  /** Adds a call; its arguments are numbers and places. */
  Step call(SystemCall call, Object... arguments) {
    return call(call.number(architecture), arguments);
  }

  /** The same by a number of the architecture. */
  Step call(long number, Object... arguments) {
    Step step = new Step(number, arguments);
    steps.add(step);
    return step;
  }

  /** Ends the script: the next block is read. */
  void nextBlock() {
    steps.add(new Step(-1));
  }

  /** The step that is added next is at this place. */
  Place here(Place label) {
    return label.at(true, steps.size() * STEP);
  }

  Place data(byte[] bytes) {
    while (data.size() % Long.BYTES != 0) {
      data.write(0);
    }
    Place place = new Place().at(false, data.size());
    data.writeBytes(bytes);
    return place;
  }

  /** A string that ends with a zero. */
  Place text(String text) {
    return data((text + "\0").getBytes(StandardCharsets.UTF_8));
  }

  /** Strings as execve(2) wants them. */
  Place texts(List<String> texts) {
    List<Place> places = texts.stream().map(this::text).toList();
    Place array = data(new byte[(places.size() + 1) * Long.BYTES]);
    for (int i = 0; i < places.size(); i++) {
      pointers.add(new Pointer(array.offset + i * Long.BYTES, places.get(i)));
    }
    return array;
  }

  /** Instructions as seccomp(2) wants them (struct sock_fprog). */
  Place filter(byte[] instructions) {
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
   * @throws RuncibleException INVALID_INPUT if there is no room for it in the init program
   */
  byte[] block() {
    long size = (long) Long.BYTES + (long) steps.size() * STEP + data.size();
    if (size > InitProgram.BLOCK_SIZE) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "the command and the environment of a program in a sandbox are too large: with them it"
              + " takes "
              + size
              + " bytes to start, and there is room for "
              + InitProgram.BLOCK_SIZE);
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
    long base = InitProgram.BLOCK + Long.BYTES;
    return base + place.offset + (place.ofStep ? 0 : steps.size() * STEP);
  }
}
