package io.runcible.jakarta;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.spi.BeanManager;
import jakarta.enterprise.inject.spi.BeforeBeanDiscovery;
import jakarta.enterprise.inject.spi.Extension;

/**
 * Tells a CDI container of the beans that does not know build compatible extensions; OpenWebBeans 4
 * does not. Loaded by that; not for use in programs.
 */
@SuppressWarnings("exports")
public final class RunTimeExtension implements Extension {
  /** For the service loader. */
  public RunTimeExtension() {}

  void add(@Observes BeforeBeanDiscovery discovery, BeanManager beans) {
    for (String name : Beans.names()) {
      try {
        Class<?> type = Class.forName(name, false, RunTimeExtension.class.getClassLoader());
        discovery.addAnnotatedType(beans.createAnnotatedType(type), name);
      } catch (ClassNotFoundException e) {
        throw new RuncibleException(ErrorKind.INTERNAL, "'" + name + "' cannot be loaded", e);
      }
    }
  }
}
