package io.runcible.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.HostTools;
import io.runcible.ffi.NativeSha256;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HashersTest {
  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  @Test
  void opensslHashesAsTheJavaRuntimeDoes() {
    HostTools.require(NativeSha256.isAvailable(), "libcrypto is missing");
    Digest.Hasher hasher = Digest.Hasher.sha256(NativeSha256.open());
    Random random = new Random(1);
    for (int length : new int[] {0, 1, 63, 64, 65, 65_535, 65_536, 65_537, 300_000}) {
      byte[] content = random(length);
      for (int done = 0; done < length; ) {
        int count = Math.min(length - done, 1 + random.nextInt(100_000));
        hasher.update(content, done, count);
        done += count;
      }
      assertThat(hasher.finish()).isEqualTo(Digest.sha256(content));
    }
  }

  @Test
  void everyAlgorithmHasOne() {
    byte[] content = random(1000);
    Digest sha256 = Digest.sha256(content);
    assertThat(Hashers.of(sha256).update(content, 0, 1000).finish()).isEqualTo(sha256);
    Digest sha512 =
        new Digest("sha512", "0".repeat(128)).hasher().update(content, 0, 1000).finish();
    assertThat(Hashers.of(sha512).update(content, 0, 1000).finish()).isEqualTo(sha512);
  }
}
