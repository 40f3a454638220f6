package io.runcible.samples.jakarta;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class TextDecoderTest {
  private final TextDecoder decoder = new TextDecoder();

  @Test
  void bytesMayBeDividedAnywhere() {
    String text = "aé€😀z";
    byte[] bytes = text.getBytes(UTF_8);
    for (int first = 0; first <= bytes.length; first++) {
      for (int second = first; second <= bytes.length; second++) {
        TextDecoder parts = new TextDecoder();
        String decoded =
            parts.append(Arrays.copyOf(bytes, first))
                + parts.append(Arrays.copyOfRange(bytes, first, second))
                + parts.append(Arrays.copyOfRange(bytes, second, bytes.length))
                + parts.end();
        assertThat(decoded).isEqualTo(text);
      }
    }
  }

  @Test
  void whatIsNoTextIsReplaced() {
    assertThat(decoder.append(new byte[] {'a', (byte) 0xff, 'b'})).isEqualTo("a\ufffdb");
  }

  @Test
  void anUnfinishedCharacterIsReplacedAtTheEnd() {
    assertThat(decoder.append(new byte[] {(byte) 0xe2, (byte) 0x82})).isEmpty();
    assertThat(decoder.end()).isEqualTo("\ufffd");
    assertThat(decoder.end()).isEmpty();
    assertThat(decoder.append(new byte[] {'a'})).isEmpty();
  }
}
