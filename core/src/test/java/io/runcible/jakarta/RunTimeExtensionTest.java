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
    try (URLClassLoader server = new URLClassLoader(new URL[0]);
        URLClassLoader application = new URLClassLoader(new URL[0], server)) {
      assertThat(RunTimeExtension.isOfApplication(application, application, server)).isTrue();
      assertThat(RunTimeExtension.isOfApplication(server, application, server)).isFalse();
      assertThat(RunTimeExtension.isOfApplication(server, null, server)).isFalse();
    }
  }

  @Test
  void libraryOfAProgramIsNot() throws IOException {
    ClassLoader jvm = ClassLoader.getSystemClassLoader();
    assertThat(RunTimeExtension.isOfApplication(jvm, jvm, jvm)).isFalse();
    try (URLClassLoader launcher = new URLClassLoader(new URL[0])) {
      assertThat(RunTimeExtension.isOfApplication(launcher, launcher, launcher)).isFalse();
    }
  }
}
