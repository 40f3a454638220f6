package io.runcible.jakarta;

import jakarta.enterprise.util.Nonbinding;
import jakarta.inject.Qualifier;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Runs a container for what it is injected into, which is of type {@link
 * io.runcible.engine.Container}, or an {@code Instance} of it. It has started and is ready when it
 * is injected. An image that cannot be pulled, a program that does not start or does not become
 * ready fails the injection, with the last of what it wrote.
 *
 * <pre>{@code
 * @Inject
 * @FromImage(value = "redis:7", ports = "6379", name = "cache", scope = FromImage.Scope.APPLICATION)
 * Container cache;
 * }</pre>
 *
 * <p>In the image, the command and the environment, {@code ${key}} and {@code ${key:default}} stand
 * for settings of the application, as {@link io.runcible.jakarta} finds them.
 */
@Documented
@SuppressWarnings("exports")
@Qualifier
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.FIELD, ElementType.PARAMETER, ElementType.METHOD, ElementType.TYPE})
public @interface FromImage {
  /** How long a container lives. */
  enum Scope {
    /** As long as the bean that it is injected into; each such place has its own. */
    DEPENDENT,
    /**
     * As long as the request in which it was first injected; one for all places that declare the
     * same. Nothing that outlives the request may keep it.
     */
    REQUEST,
    /** As long as the application; one for all places that declare the same. */
    APPLICATION
  }

  /** The image; short names expand as everywhere. */
  @Nonbinding
  String value();

  /**
   * A name for settings and health, not the name in the engine; by default it has none. One that
   * lives as long as the application and has a name is part of the application's readiness, and
   * offers its ports as settings; see {@link io.runcible.jakarta}. Another container of the
   * application must not have the same.
   */
  @Nonbinding
  String name() default "";

  /** The command; by default the image's. */
  @Nonbinding
  String[] command() default {};

  /** Variables as {@code KEY=value}, beside those of the image. */
  @Nonbinding
  String[] environment() default {};

  /** The user; by default the image's. */
  @Nonbinding
  String user() default "";

  /**
   * The ports to publish, as {@link io.runcible.network.PortBinding#parse} reads them; {@code
   * "6379"} is published on a free port of the host's loopback device.
   */
  @Nonbinding
  String[] ports() default {};

  /** The memory limit, such as {@code 256m}; by default none. */
  @Nonbinding
  String memory() default "";

  /** The limit of processor time, in processors; by default none. */
  @Nonbinding
  double cpus() default 0;

  /** The limit of processes and threads; by default the engine's. */
  @Nonbinding
  long pids() default 0;

  /**
   * A line of the output that says that it is ready, as a regular expression. By default it is when
   * something listens on each TCP port that is published; without ports, when its program has
   * started.
   */
  @Nonbinding
  String readyLog() default "";

  /** How long it may take to become ready, in seconds. */
  @Nonbinding
  int readySeconds() default 60;

  /** How long the container lives. */
  @Nonbinding
  Scope scope() default Scope.DEPENDENT;
}
