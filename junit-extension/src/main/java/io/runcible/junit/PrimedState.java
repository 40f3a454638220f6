package io.runcible.junit;

import io.runcible.engine.Container;
import io.runcible.engine.Priming;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Constructor;
import java.net.URL;
import java.util.List;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/**
 * What a primer makes, and what that depends on.
 *
 * @param name tells primers apart
 * @param primer fills a container
 * @param loader has its resources
 */
record PrimedState(String name, Primer<Container> primer, ClassLoader loader) {
  /** That of a class. */
  static PrimedState of(Class<? extends Primer<Container>> type, ClassLoader loader) {
    return new PrimedState(nameOf(type), make(type), loader);
  }

  /** The name of a class and a digest of its code. A lambda has neither that stay. */
  static String nameOf(Class<?> type) {
    String file = type.getName().substring(type.getName().lastIndexOf('.') + 1) + ".class";
    URL code = type.getResource(file);
    if (type.isHidden() || type.isSynthetic() || code == null) {
      throw new ExtensionConfigurationException(
          "a primer that is a lambda has no name that stays: give it one");
    }
    return type.getName() + " " + ClassPathFile.digest(code);
  }

  private static Primer<Container> make(Class<? extends Primer<Container>> type) {
    try {
      Constructor<? extends Primer<Container>> constructor = type.getDeclaredConstructor();
      constructor.setAccessible(true);
      return constructor.newInstance();
    } catch (ReflectiveOperationException e) {
      throw new ExtensionConfigurationException(
          type + " cannot be made: it needs a constructor without parameters, and to be static", e);
    }
  }

  /**
   * How an engine makes it.
   *
   * @param files what is copied in before
   * @param initializer starts a container, and has it filled
   */
  Priming priming(List<ClassPathFile> files, Priming.Initializer initializer) {
    Priming priming = Priming.of(name, initializer).input(primer.version());
    for (String resource : primer.resources()) {
      priming = withContent(priming.input(resource), ClassPathFile.find(resource, loader));
    }
    for (ClassPathFile file : files) {
      priming = withContent(priming.input(file.destination()), file.resource());
    }
    return priming;
  }

  /** All that it depends on but the image and the files, for comparisons. */
  List<Object> inputs() {
    List<String> resources =
        primer.resources().stream()
            .map(resource -> new ClassPathFile(ClassPathFile.find(resource, loader), "").digest())
            .toList();
    return List.of(name, primer.version(), primer.resources(), resources);
  }

  private static Priming withContent(Priming priming, URL resource) {
    try {
      return ClassPathFile.place(resource)
          .map(priming::input)
          .orElseGet(() -> priming.input(ClassPathFile.digest(resource)));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read '" + resource + "'", e);
    }
  }
}
