package io.runcible.jakarta;

import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.se.SeContainer;
import jakarta.enterprise.inject.se.SeContainerInitializer;

/** In the CDI container that the class path has: Weld or OpenWebBeans. */
final class SeDeployment extends Deployment {
  private final SeContainer container = start();

  private static SeContainer start() {
    SeContainerInitializer initializer =
        SeContainerInitializer.newInstance().setClassLoader(SeDeployment.class.getClassLoader());
    if (initializer.getClass().getName().startsWith("org.jboss.weld.")) {
      // It looks for extensions only if it looks for beans; its hook would keep the application.
      return initializer.addProperty("org.jboss.weld.se.shutdownHook", false).initialize();
    }
    // This would take all jars for beans.
    return initializer
        .disableDiscovery()
        .addBeanClasses(beanClasses().toArray(Class<?>[]::new))
        .initialize();
  }

  @Override
  Instance<Object> beans() {
    return container;
  }

  @Override
  public void close() {
    container.close();
    try {
      MicroProfileProbe.release();
    } catch (NoClassDefFoundError e) {
      // There is no MicroProfile.
    }
  }
}
