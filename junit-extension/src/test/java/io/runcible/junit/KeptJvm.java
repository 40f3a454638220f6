package io.runcible.junit;

import io.runcible.engine.Container;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/** Run in a JVM of its own, whose containers go on. */
class KeptJvm {
  @RunContainer(
      image = "${shell.image}",
      command = {"sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait"})
  Container container;

  @Test
  void fails() {
    ShellImage.run(container, "echo left by the test >/tmp/note");
    Assertions.fail("on purpose");
  }
}
