package io.runcible.jakarta;

import jakarta.enterprise.inject.build.compatible.spi.BuildCompatibleExtension;
import jakarta.enterprise.inject.build.compatible.spi.Discovery;
import jakarta.enterprise.inject.build.compatible.spi.MetaAnnotations;
import jakarta.enterprise.inject.build.compatible.spi.ScannedClasses;
import jakarta.enterprise.inject.build.compatible.spi.SkipIfPortableExtensionPresent;

/**
 * Tells a CDI container of the beans, also one that does that while the application is built.
 * Loaded by that; not for use in programs.
 */
@SuppressWarnings("exports")
@SkipIfPortableExtensionPresent(RunTimeExtension.class)
public final class BuildTimeExtension implements BuildCompatibleExtension {
  /** For the service loader. */
  public BuildTimeExtension() {}

  /** Adds the beans and their qualifiers: not every container looks for those in all jars. */
  @Discovery
  public void add(ScannedClasses classes, MetaAnnotations annotations) {
    annotations.addQualifier(FromImage.class);
    annotations.addQualifier(InSandbox.class);
    Beans.names().forEach(classes::add);
  }
}
