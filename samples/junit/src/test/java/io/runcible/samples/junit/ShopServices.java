package io.runcible.samples.junit;

import io.runcible.junit.RunContainer;
import io.runcible.junit.RunContainer.Scope;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The services of a shop, one of each for the whole test run: they start when the first test class
 * with this annotation does, and end with the run. An annotation of one's own says what they are in
 * one place.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@RunContainer(
    name = "db",
    image = "${registry}/test:postgres",
    ports = "5432",
    ready = "exec:pg_isready -q -h 127.0.0.1",
    prime = LoadSchema.class,
    scope = Scope.RUN)
@RunContainer(
    name = "cache",
    image = "${registry}/test:redis",
    ports = "6379",
    memory = "64m",
    scope = Scope.RUN)
@interface ShopServices {}
