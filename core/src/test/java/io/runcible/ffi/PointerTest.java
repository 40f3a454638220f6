package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class PointerTest {
  @BeforeAll
  static void nativeCalls() {
    assumeTrue(NativeAccess.isAvailable());
  }

  @Test
  void eachIsZeroAndAlignedAndNobodyElses() {
    List<Pointer> all = new ArrayList<>();
    for (int size = 1; size < 3000; size += 7) {
      Pointer one = Pointer.allocate(size);
      assertThat(one.address() % 8).isZero();
      for (int at = 0; at < size; at++) {
        assertThat(one.getByte(at)).isZero();
        one.putByte(at, (byte) size);
      }
      all.add(one);
    }

    for (int i = 0; i < all.size(); i++) {
      int size = 1 + 7 * i;
      byte[] bytes = new byte[size];
      all.get(i).get(0, bytes, 0, size);
      for (byte b : bytes) {
        assertThat(b).isEqualTo((byte) size);
      }
    }
  }

  @Test
  void boundsAreChecked() {
    for (int size : new int[] {8, 5000}) {
      Pointer memory = Pointer.allocate(size);
      assertThatThrownBy(() -> memory.putLong(size - 7, 1))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> memory.get(size, new byte[1], 0, 1))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> memory.getByte(-1)).isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void whatALibraryOwnsCanOnlyBeHandedBack() {
    Pointer foreign = Pointer.of(4711);

    assertThat(foreign.address()).isEqualTo(4711);
    assertThatThrownBy(() -> foreign.getByte(0)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void addressIsWhereNativeFunctionsFindTheBytes() {
    byte[] text = "found\0not".getBytes(StandardCharsets.US_ASCII);
    Pointer memory = Pointer.allocate(text.length);
    memory.put(0, text, 0, text.length);

    assertThat(Pointer.text(memory.address())).isEqualTo("found");
  }

  @Test
  void numbersAreInTheOrderOfTheProcessor() {
    Pointer memory = Pointer.allocate(16);
    memory.putLong(0, 0x0102030405060708L);
    memory.putInt(8, 0x090a0b0c);
    memory.putShort(12, (short) 0x0d0e);

    assertThat(memory.getLong(0)).isEqualTo(0x0102030405060708L);
    assertThat(memory.getInt(0)).isEqualTo(0x05060708);
    assertThat(memory.getInt(8)).isEqualTo(0x090a0b0c);
    assertThat(memory.getShort(12)).isEqualTo((short) 0x0d0e);
    assertThat(memory.getByte(0)).isEqualTo((byte) 8);
  }
}
