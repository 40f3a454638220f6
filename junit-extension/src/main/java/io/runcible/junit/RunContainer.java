package io.runcible.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Runs a container for a test, and puts it into the field or parameter, of type {@link
 * io.runcible.engine.Container}.
 *
 * <ul>
 *   <li>A static field: one container for all tests of the class, removed after the last.
 *   <li>An instance field: a fresh container for each test, or for the class where the test
 *       instance lives as long as the class.
 *   <li>A parameter of a test, of a lifecycle method or of the constructor: a container for as long
 *       as that scope lasts.
 * </ul>
 *
 * <p>A container that does not start, or does not become ready, fails the test with the last of
 * what it wrote. All containers of a test run share one engine, and end with the JVM, also when it
 * is killed.
 */
@Documented
@Target({ElementType.FIELD, ElementType.PARAMETER, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RunContainerExtension.class)
public @interface RunContainer {
  /**
   * The image; short names expand as everywhere. Pulled if it is not in the store. A placeholder
   * {@code ${name}} or {@code ${name:default}} stands for a system property, so that a build can
   * say which registry images come from.
   */
  String image();

  /** The command; by default the image's. */
  String[] command() default {};

  /** Variables as {@code KEY=value}, beside those of the image. */
  String[] environment() default {};

  /** The user; by default the image's. */
  String user() default "";

  /**
   * The network, as {@link io.runcible.network.Network#parse} reads it: {@code none}, {@code host},
   * {@code bridge} or the name of a bridge network. By default none.
   */
  String network() default "none";

  /** The memory limit, such as {@code 256m}; by default none. */
  String memory() default "";

  /**
   * A regular expression that a line of the output has to match before the test begins; by default
   * the test begins as soon as the program has started.
   */
  String readyLog() default "";

  /** How long the container may take to become ready, in seconds. */
  int readySeconds() default 60;
}
