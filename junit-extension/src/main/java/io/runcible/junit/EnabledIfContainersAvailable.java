package io.runcible.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Skips a test, or all tests of a class, on a host that cannot run containers, with the reason:
 * what is missing and how to get it. Where a silent skip would hide a broken build, set the system
 * property {@code runcible.required} to {@code true}: the test then runs, and fails with the
 * reason.
 */
@Documented
@Inherited
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ContainersAvailableCondition.class)
public @interface EnabledIfContainersAvailable {}
