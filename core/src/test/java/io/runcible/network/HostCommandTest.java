package io.runcible.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ffi.EachCall;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class HostCommandTest {
  @Test
  void nothingStaysOpenWhateverCallFails() throws Exception {
    EachCall.closesWhatItOpened(
        () -> {
          assertThat(HostCommand.run(List.of("cat"), "said", "repeat it")).isEqualTo("said");
          return () -> {};
        });
  }
}
