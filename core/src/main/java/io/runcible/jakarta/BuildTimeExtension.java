package io.runcible.jakarta;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.build.compatible.spi.BuildCompatibleExtension;
import jakarta.enterprise.inject.build.compatible.spi.Discovery;
import jakarta.enterprise.inject.build.compatible.spi.Enhancement;
import jakarta.enterprise.inject.build.compatible.spi.MetaAnnotations;
import jakarta.enterprise.inject.build.compatible.spi.MethodConfig;
import jakarta.enterprise.inject.build.compatible.spi.ScannedClasses;
import jakarta.enterprise.inject.build.compatible.spi.SkipIfPortableExtensionPresent;
import java.lang.annotation.Annotation;

/**
 * Tells a CDI container of the beans, also one that does that while the application is built.
 * Loaded by that; not for use in programs.
 */
@SuppressWarnings("exports")
@SkipIfPortableExtensionPresent(RunTimeExtension.class)
public final class BuildTimeExtension implements BuildCompatibleExtension {
  /** Of Quarkus: gives way to a bean of the application. */
  private static final String DEFAULT_BEAN = "io.quarkus.arc.DefaultBean";

  /** For the service loader. */
  public BuildTimeExtension() {}

  /** Adds the beans and their qualifiers: not every container looks for those in all jars. */
  @Discovery
  public void add(ScannedClasses classes, MetaAnnotations annotations) {
    annotations.addQualifier(FromImage.class);
    annotations.addQualifier(InSandbox.class);
    Beans.names().forEach(classes::add);
  }

  /** Produces the usual sandbox, which gives way to the application's own. */
  @Enhancement(types = SandboxProducer.class)
  public void produceUsual(MethodConfig method) {
    if (method.info().name().equals("usual")) {
      method.addAnnotation(Produces.class);
      if (Beans.isPresent(DEFAULT_BEAN)) {
        method.addAnnotation(annotation(DEFAULT_BEAN));
      }
    }
  }

  private static Class<? extends Annotation> annotation(String name) {
    try {
      return Class.forName(name).asSubclass(Annotation.class);
    } catch (ClassNotFoundException e) {
      throw new RuncibleException(ErrorKind.INTERNAL, "'" + name + "' cannot be loaded", e);
    }
  }
}
