package io.runcible.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VersionTest {
  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({"Runcible, runcible/9.9", "Shop, runcible/1.2", ", runcible/1.2"})
  void versionIsThatOfTheLibraryInWhateverJar(String title, String expected) throws Exception {
    URL[] jar = {jar(title).toUri().toURL()};
    try (URLClassLoader loader = new URLClassLoader(jar, ClassLoader.getPlatformClassLoader())) {
      Method userAgent = loader.loadClass(Version.class.getName()).getDeclaredMethod("userAgent");
      userAgent.setAccessible(true);
      assertThat(userAgent.invoke(null)).isEqualTo(expected);
    }
  }

  /** A jar of version 9.9 with the library in it, whose own version is recorded as 1.2. */
  private Path jar(String title) throws Exception {
    Manifest manifest = new Manifest();
    Attributes attributes = manifest.getMainAttributes();
    attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    attributes.put(Attributes.Name.IMPLEMENTATION_VERSION, "9.9");
    if (title != null) {
      attributes.put(Attributes.Name.IMPLEMENTATION_TITLE, title);
    }
    Path jar = directory.resolve("shop.jar");
    String type = Version.class.getName().replace('.', '/') + ".class";
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream entries = new JarOutputStream(file, manifest);
        InputStream code = Version.class.getResourceAsStream("/" + type)) {
      entries.putNextEntry(new JarEntry(type));
      code.transferTo(entries);
      entries.putNextEntry(new JarEntry("META-INF/maven/io.runcible/runcible/pom.properties"));
      entries.write("version=1.2\n".getBytes(UTF_8));
    }
    return jar;
  }
}
