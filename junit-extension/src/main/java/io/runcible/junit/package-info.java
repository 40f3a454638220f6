/**
 * Containers in JUnit tests, of JUnit 5.13 and later and of JUnit 6. {@link
 * io.runcible.junit.RunContainer} on a field or a parameter of type {@link
 * io.runcible.engine.Container} starts one before the test and removes it after.
 *
 * <pre>{@code
 * class CacheTest {
 *   @RunContainer(image = "redis:7", ports = "6379")
 *   static Container redis;
 *
 *   @Test
 *   void answers(@HostUrl("redis://redis:6379") String url) {
 *     assertEquals("PONG", new Jedis(url).ping());
 *   }
 * }
 * }</pre>
 *
 * <p>What the annotation cannot say, {@link io.runcible.junit.ContainerExtension} takes from a
 * {@link io.runcible.engine.ContainerSpec}. For services that are often wanted there are {@link
 * io.runcible.junit.presets presets}.
 *
 * <p>Containers of a class, of an instance and of {@link
 * io.runcible.junit.AbstractContainerExtension#dependsOn} start at the same time, as far as they do
 * not depend on each other; those of parameters one after the other. Tests may run concurrently.
 */
@NullMarked
package io.runcible.junit;

import org.jspecify.annotations.NullMarked;
