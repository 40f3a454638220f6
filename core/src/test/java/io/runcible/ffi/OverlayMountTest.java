package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class OverlayMountTest {
  @Test
  void labelIsAnOptionThatKeepsItsCommas() {
    OverlayMount mount =
        new OverlayMount(
            List.of(Path.of("/l")),
            Path.of("/u"),
            Path.of("/w"),
            true,
            Optional.of("u:r:t:s0:c1,c2"));
    assertThat(Overlay.options(mount.durable().withLower(List.of(Path.of("/m")))))
        .isEqualTo("lowerdir=/m,context=\"u:r:t:s0:c1,c2\",upperdir=/u,workdir=/w");
    assertThat(Overlay.options(OverlayMount.readOnly(List.of(Path.of("/a"), Path.of("/b")))))
        .isEqualTo("lowerdir=/a:/b");
  }
}
