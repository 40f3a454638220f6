package io.runcible.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A field or parameter of type {@link io.runcible.network.Network} that gets the network which a
 * container was put on by {@link RunContainer#network}, to put others on it.
 */
@Documented
@Target({ElementType.FIELD, ElementType.PARAMETER, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RunContainerExtension.class)
public @interface TestNetwork {
  /** The name of the network in the tests. */
  String value();
}
