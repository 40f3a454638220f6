package io.runcible.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import org.junit.jupiter.api.Test;

/** Of which application the library is a part. */
class RunTimeExtensionTest {
  @Test
  void libraryOfAnApplicationAloneIsWarnedOf() throws IOException {
    ClassLoader program = ClassLoader.getSystemClassLoader();
    try (URLClassLoader server = new URLClassLoader(new URL[0]);
        URLClassLoader application = new URLClassLoader(new URL[0], server)) {
      assertThat(RunTimeExtension.isOfApplication(application, application)).isTrue();
      assertThat(RunTimeExtension.isOfApplication(server, application)).isFalse();
      assertThat(RunTimeExtension.isOfApplication(program, program)).isFalse();
      assertThat(RunTimeExtension.isOfApplication(server, null)).isFalse();
    }
  }
}
