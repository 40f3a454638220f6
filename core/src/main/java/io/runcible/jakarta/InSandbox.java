package io.runcible.jakarta;

import jakarta.enterprise.util.Nonbinding;
import jakarta.inject.Qualifier;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Injects a {@link io.runcible.sandbox.Sandbox} for the programs of an image. Without this
 * annotation, what is injected is as with all its defaults. All places that declare the same share
 * one, which is made when it is first injected, and closed with the application. What is not set is
 * that of {@link io.runcible.sandbox.SandboxProfile#untrusted()} and of {@link
 * io.runcible.sandbox.Sandbox#builder}.
 *
 * <p>In the image, {@code ${key}} and {@code ${key:default}} stand for settings of the application.
 */
@Documented
@SuppressWarnings("exports")
@Qualifier
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.FIELD, ElementType.PARAMETER, ElementType.METHOD, ElementType.TYPE})
public @interface InSandbox {
  /**
   * The image; short names expand as everywhere. By default that of the setting {@code
   * runcible.sandbox.image}.
   */
  @Nonbinding
  String value() default "";

  /**
   * The OCI runtime, by name or path; by default that of the application's engine. See {@link
   * io.runcible.sandbox.SandboxProfile.Builder#runtime} for which.
   */
  @Nonbinding
  String runtime() default "";

  /** The memory limit of each program, such as {@code 128m}. */
  @Nonbinding
  String memory() default "";

  /** The limit of processor time of each program, in processors. */
  @Nonbinding
  double cpus() default 0;

  /** The limit of processes and threads of each program. */
  @Nonbinding
  long pids() default 0;

  /** How long each program may run, in milliseconds. */
  @Nonbinding
  long timeoutMillis() default 0;

  /** How many bytes of each stream of output are kept. */
  @Nonbinding
  int outputLimit() default 0;

  /** How many containers are kept ready; -1 for as many as usual. */
  @Nonbinding
  int warm() default -1;

  /** How many programs run at once. */
  @Nonbinding
  int maxRunning() default 0;

  /** How many programs wait; others are refused. */
  @Nonbinding
  int maxQueued() default 0;

  /** Whether a host that cannot limit memory and processes is good enough. */
  @Nonbinding
  boolean acceptMissingLimits() default false;
}
