package io.runcible.jakarta;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.sandbox.Sandbox;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Default;
import jakarta.enterprise.inject.spi.AfterBeanDiscovery;
import jakarta.enterprise.inject.spi.AfterDeploymentValidation;
import jakarta.enterprise.inject.spi.Bean;
import jakarta.enterprise.inject.spi.BeanManager;
import jakarta.enterprise.inject.spi.BeforeBeanDiscovery;
import jakarta.enterprise.inject.spi.Extension;
import jakarta.enterprise.inject.spi.InjectionPoint;
import jakarta.enterprise.inject.spi.ProcessBean;
import jakarta.enterprise.inject.spi.ProcessInjectionPoint;
import java.lang.annotation.Annotation;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells a CDI container of the beans that does not know build compatible extensions; OpenWebBeans 4
 * does not. Loaded by that; not for use in programs.
 */
@SuppressWarnings("exports")
public final class RunTimeExtension implements Extension {
  /** For the service loader. */
  public RunTimeExtension() {}

  private final List<InjectionPoint> sandboxes = new ArrayList<>();
  private boolean hasOwnSandbox;

  void add(@Observes BeforeBeanDiscovery discovery, BeanManager beans) {
    if (isOfApplication(
        RunTimeExtension.class.getClassLoader(),
        Thread.currentThread().getContextClassLoader(),
        Extension.class.getClassLoader())) {
      log()
          .warn(
              "the library is part of the application, whose classes its native binding keeps when the"
                  + " application has ended: put it, with what it needs, among the libraries that the"
                  + " server's applications share");
    }
    for (String name : Beans.names()) {
      try {
        Class<?> type = Class.forName(name, false, RunTimeExtension.class.getClassLoader());
        discovery.addAnnotatedType(beans.createAnnotatedType(type), name);
      } catch (ClassNotFoundException e) {
        throw new RuncibleException(ErrorKind.INTERNAL, "'" + name + "' cannot be loaded", e);
      }
    }
  }

  /**
   * Whether the library goes with an application, while CDI is the server's. A program has both
   * from one loader, its launcher's or the JVM's, which ends with the JVM.
   */
  static boolean isOfApplication(
      ClassLoader library, @Nullable ClassLoader application, ClassLoader cdi) {
    return library == application && library != cdi;
  }

  void look(@Observes ProcessBean<?> found) {
    Bean<?> bean = found.getBean();
    hasOwnSandbox |=
        bean.getTypes().contains(Sandbox.class)
            && bean.getQualifiers().contains(Default.Literal.INSTANCE);
  }

  /** The usual sandbox gives way to the application's own. */
  void addUsual(@Observes AfterBeanDiscovery discovery) {
    if (!hasOwnSandbox) {
      discovery
          .<Sandbox>addBean()
          .beanClass(SandboxProducer.class)
          .types(Sandbox.class, Object.class)
          .produceWith(beans -> beans.select(SandboxProducer.class).get().usual());
    }
  }

  void find(@Observes ProcessInjectionPoint<?, Sandbox> point) {
    sandboxes.add(point.getInjectionPoint());
  }

  /** An application that lacks the setting for a sandbox is not deployed. */
  void validate(@Observes AfterDeploymentValidation deployment, BeanManager beans) {
    Settings settings = Settings.ofApplication();
    for (InjectionPoint point : sandboxes) {
      Bean<?> bean =
          beans.resolve(
              beans.getBeans(point.getType(), point.getQualifiers().toArray(Annotation[]::new)));
      if (bean != null && bean.getBeanClass().equals(SandboxProducer.class)) {
        try {
          SandboxProducer.image(SandboxProducer.declaration(point), settings);
        } catch (RuncibleException e) {
          deployment.addDeploymentProblem(
              new RuncibleException(e.kind(), point + ": " + e.getMessage(), e));
        }
      }
    }
    sandboxes.clear();
  }

  private static Logger log() {
    return LoggerFactory.getLogger(RunTimeExtension.class);
  }
}
