package io.runcible.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A field or parameter of type {@code int} that gets the port of the host which publishes a port of
 * a container: {@code @HostPort("redis:6379") int port}. The container was started before, as for
 * {@link NamedContainer}.
 */
@Documented
@Target({ElementType.FIELD, ElementType.PARAMETER, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RunContainerExtension.class)
public @interface HostPort {
  /** The name of the container, a colon and its port. */
  String value();
}
