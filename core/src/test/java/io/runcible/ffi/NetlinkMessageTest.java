package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Netlink messages as bytes, those of a kernel that lies included. */
class NetlinkMessageTest {
  private static byte[] content(ByteBuffer buffer) {
    byte[] content = new byte[buffer.capacity()];
    buffer.get(0, content);
    return content;
  }

  private static ByteBuffer nativeBytes(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
  }

  @Test
  void requestIsHeaderFixedPartAndPaddedAttributes() {
    byte[] message =
        new NetlinkMessage(16, 5).bytes(1, 2).shorts(3).ints(4).attribute(3, "ab").encode(7);
    ByteBuffer expected = nativeBytes(16 + 8 + 8);
    expected.putInt(32).putShort((short) 16).putShort((short) 5).putInt(7).putInt(0);
    expected.put((byte) 1).put((byte) 2).putShort((short) 3).putInt(4);
    expected.putShort((short) 7).putShort((short) 3).put(new byte[] {'a', 'b', 0, 0});
    assertThat(message).isEqualTo(content(expected));
  }

  @Test
  void attributesNest() {
    NetlinkMessage message = new NetlinkMessage(1, 0);
    int outer = message.begin(18);
    message.attribute(1, "veth");
    int inner = message.begin(2);
    message.attribute(4, 1500).end(inner).end(outer);
    ByteBuffer buffer = ByteBuffer.wrap(message.encode(1)).order(ByteOrder.nativeOrder());
    NetlinkAttributes top = NetlinkAttributes.parse(buffer.position(NetlinkMessage.HEADER));
    NetlinkAttributes nested = parse(top.bytes(18).orElseThrow());
    assertThat(nested.text(1)).contains("veth");
    assertThat(parse(nested.bytes(2).orElseThrow()).number(4)).isEqualTo(OptionalInt.of(1500));
    assertThat(top.number(99)).isEmpty();
  }

  private static NetlinkAttributes parse(byte[] bytes) {
    return NetlinkAttributes.parse(ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()));
  }

  @Test
  void requestThatIsTooLongFails() {
    NetlinkMessage message = new NetlinkMessage(1, 0);
    assertThatThrownBy(() -> message.attribute(1, new byte[5000]))
        .isInstanceOf(BufferOverflowException.class);
  }

  @Test
  void attributeLongerThanWhatIsThereIsRefused() {
    for (int length : new int[] {0, 3, 9, 65_535}) {
      byte[] bytes = content(nativeBytes(8).putShort((short) length).putShort((short) 1));
      assertCorrupt(() -> parse(bytes));
    }
  }

  @Test
  void numberOfTwoBytesIsRefused() {
    byte[] bytes = content(nativeBytes(8).putShort((short) 6).putShort((short) 1));
    assertCorrupt(() -> parse(bytes).number(1));
  }

  @Test
  void messageLongerThanTheDatagramIsRefused() {
    for (int length : new int[] {0, 15, 17, -1, Integer.MAX_VALUE}) {
      byte[] bytes = content(nativeBytes(16).putInt(length));
      assertCorrupt(() -> NetlinkSocket.split(bytes));
    }
    assertCorrupt(() -> NetlinkSocket.split(new byte[7]));
  }

  @Test
  void datagramHasSeveralMessages() {
    ByteBuffer bytes = nativeBytes(20 + 16);
    bytes.putInt(20).putShort((short) 16).putShort((short) 2).putInt(9).putInt(0).putInt(77);
    bytes.putInt(16).putShort((short) 3).putShort((short) 2).putInt(9).putInt(0);
    List<NetlinkSocket.Answer> answers = NetlinkSocket.split(content(bytes));
    assertThat(answers).extracting(NetlinkSocket.Answer::type).containsExactly(16, 3);
    assertThat(answers.get(0).content().getInt()).isEqualTo(77);
  }

  @Test
  void errorNamesWhatWasTriedAndTheKernelsWords() {
    NetlinkMessage words = new NetlinkMessage(0, 0).attribute(1, "Too few ports");
    byte[] encoded = words.encode(0);
    ByteBuffer content = nativeBytes(4 + encoded.length);
    // The number, the header of the request, attributes.
    content.putInt(-Errno.EINVAL).put(encoded).flip();
    NetlinkSocket.Answer answer = new NetlinkSocket.Answer(2, 0x300, 1, content);
    assertThatThrownBy(() -> answer.throwIfFailed("add bridge", "rcb0"))
        .isInstanceOf(NativeException.class)
        .hasMessageContainingAll("add bridge", "rcb0", "EINVAL", "Too few ports");
    ByteBuffer shortContent = nativeBytes(2);
    assertCorrupt(() -> new NetlinkSocket.Answer(2, 0, 1, shortContent).throwIfFailed("", ""));
  }

  @Test
  void anyBytesAreAnAnswerOrCorrupt() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[random.nextInt(64)];
      random.nextBytes(bytes);
      if (bytes.length > 2 && random.nextBoolean()) {
        nativeLength(bytes, random.nextInt(70));
      }
      try {
        NetlinkSocket.split(bytes);
        parse(bytes).text(1);
      } catch (RuncibleException e) {
        assertThat(e.kind()).as("seed %s", seed).isEqualTo(ErrorKind.CORRUPT_DATA);
      }
    }
  }

  private static void nativeLength(byte[] bytes, int length) {
    ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).putShort(0, (short) length);
  }

  private static void assertCorrupt(Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CORRUPT_DATA));
  }
}
