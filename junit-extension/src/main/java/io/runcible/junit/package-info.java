/**
 * Containers in JUnit 5 tests. {@link io.runcible.junit.RunContainer} on a field or a parameter of
 * type {@link io.runcible.engine.Container} starts one before the test and removes it after.
 *
 * <pre>{@code
 * class GreetingTest {
 *   @RunContainer(image = "registry.example/shell", command = {"sleep", "60"})
 *   static Container shell;
 *
 *   @Test
 *   void answers() {
 *     assertEquals(0, shell.exec("true").waitFor().code());
 *   }
 * }
 * }</pre>
 */
@NullMarked
package io.runcible.junit;

import org.jspecify.annotations.NullMarked;
