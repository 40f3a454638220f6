package io.runcible.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A field or parameter of type {@link String} or {@link java.net.URI} that gets a text in which
 * each {@code name:port} of a container is replaced by the address and the port of the host that
 * publish it: {@code @HostUrl("jdbc:postgresql://db:5432/app") String url}. The containers were
 * started before, as for {@link NamedContainer}.
 */
@Documented
@Target({ElementType.FIELD, ElementType.PARAMETER, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RunContainerExtension.class)
public @interface HostUrl {
  /** The text, with at least one name and port of a container. */
  String value();
}
