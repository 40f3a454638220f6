package io.runcible.jakarta;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/** A directory in which an implementation of CDI finds the beans of an application. */
final class Archive {
  private Archive() {}

  static void write(Path directory) throws IOException {
    Path descriptor = directory.resolve("META-INF/beans.xml");
    Files.createDirectories(descriptor.getParent());
    Files.writeString(
        descriptor,
        "<beans xmlns='https://jakarta.ee/xml/ns/jakartaee' version='4.0'"
            + " bean-discovery-mode='annotated'></beans>");
    List<Class<?>> classes = new ArrayList<>(Deployment.beanClasses());
    classes.addAll(
        List.of(Deployment.class, SeDeployment.class, MicroProfileProbe.class, HealthAnswer.class));
    for (Class<?> bean : classes) {
      String name = bean.getName().replace('.', '/') + ".class";
      Path file = directory.resolve(name);
      Files.createDirectories(file.getParent());
      try (InputStream bytes = Archive.class.getClassLoader().getResourceAsStream(name)) {
        Files.copy(bytes, file, StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }
}
