package io.runcible.jakarta;

import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.se.SeContainer;
import jakarta.enterprise.inject.se.SeContainerInitializer;

/** In the CDI container that the class path has: Weld or OpenWebBeans. */
final class SeDeployment extends Deployment {
  private final SeContainer container = start();

  private static SeContainer start() {
    SeContainerInitializer initializer = SeContainerInitializer.newInstance();
    // Weld looks for extensions only if it looks for beans; OpenWebBeans takes all jars for beans.
    return initializer.getClass().getName().startsWith("org.jboss.weld.")
        ? initializer.initialize()
        : initializer
            .disableDiscovery()
            .addBeanClasses(BEANS.toArray(Class<?>[]::new))
            .initialize();
  }

  @Override
  Instance<Object> beans() {
    return container;
  }

  @Override
  public void close() {
    container.close();
  }
}
