package io.runcible.junit;

import io.runcible.engine.Container;
import io.runcible.network.Network;
import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/** What a field or parameter gets of containers that were started before. */
final class Injection {
  static final List<Class<? extends Annotation>> ANNOTATIONS =
      List.of(NamedContainer.class, HostPort.class, HostUrl.class, TestNetwork.class);

  private final ExtensionContext context;
  private final KnownContainers known;

  Injection(ExtensionContext context) {
    this.context = context;
    this.known = new KnownContainers(context);
  }

  static boolean wants(AnnotatedElement element) {
    return ANNOTATIONS.stream().anyMatch(one -> AnnotationSupport.isAnnotated(element, one));
  }

  Object value(AnnotatedElement element, Class<?> type) {
    Optional<NamedContainer> container =
        AnnotationSupport.findAnnotation(element, NamedContainer.class);
    if (container.isPresent()) {
      require(type.equals(Container.class), element, Container.class.getName());
      return known.get(container.get().value());
    }
    Optional<HostPort> port = AnnotationSupport.findAnnotation(element, HostPort.class);
    if (port.isPresent()) {
      require(type.equals(int.class) || type.equals(Integer.class), element, "int");
      return HostAddresses.hostPort(port.get().value(), known::get);
    }
    Optional<HostUrl> url = AnnotationSupport.findAnnotation(element, HostUrl.class);
    if (url.isPresent()) {
      require(type.equals(String.class) || type.equals(URI.class), element, "String or URI");
      String text = HostAddresses.url(url.get().value(), known.names(), known::get);
      return type.equals(URI.class) ? URI.create(text) : text;
    }
    TestNetwork network =
        AnnotationSupport.findAnnotation(element, TestNetwork.class).orElseThrow();
    require(type.equals(Network.class), element, Network.class.getName());
    return TestRun.of(context).networks().known(context, network.value());
  }

  private static void require(boolean fits, AnnotatedElement element, String wanted) {
    if (!fits) {
      throw new ExtensionConfigurationException("'" + element + "' has to be of type " + wanted);
    }
  }
}
