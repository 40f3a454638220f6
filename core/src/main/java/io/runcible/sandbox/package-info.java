/**
 * Programs that nobody trusts, run to their end. {@link io.runcible.sandbox.Sandbox} keeps
 * containers ready, gives each program one of its own, and throws it away afterwards.
 *
 * <pre>{@code
 * try (Sandbox sandbox = Sandbox.builder("debian").build()) {
 *   SandboxResult result = sandbox.run("sh", "-c", "echo hello");
 *   System.out.print(result.stdout());
 * }
 * }</pre>
 *
 * <p>What a program may do and use is said by a {@link io.runcible.sandbox.SandboxProfile}. Input,
 * files and what is to be fetched are in a {@link io.runcible.sandbox.SandboxRequest}:
 *
 * <pre>{@code
 * SandboxResult result =
 *     sandbox.run(
 *         SandboxRequest.builder("python3", "main.py")
 *             .file("main.py", program)
 *             .stdin("3 4")
 *             .artifacts("*.png")
 *             .timeout(Duration.ofSeconds(5))
 *             .build());
 * switch (result.reason()) {
 *   case EXITED -> System.out.println("exit code " + result.exitCode().getAsInt());
 *   case TIMEOUT -> System.out.println("it took too long");
 *   default -> System.out.println(result);
 * }
 * }</pre>
 */
@NullMarked
package io.runcible.sandbox;

import org.jspecify.annotations.NullMarked;
