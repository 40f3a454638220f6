/**
 * Containers. {@link io.runcible.engine.ContainerEngine} is the way in: it pulls images, runs
 * containers from them and removes what it made.
 *
 * <pre>{@code
 * try (ContainerEngine engine = ContainerEngine.create();
 *     Container container =
 *         engine.run(ContainerSpec.builder("debian").command("echo", "hello").build())) {
 *   ExitStatus status = container.waitFor();
 *   System.out.print(container.logs().text());
 * }
 * }</pre>
 *
 * <p>A container belongs to the engine that started it: it ends when its {@link
 * io.runcible.engine.Container} is closed, when the engine is closed, and when the process of the
 * engine ends, however it ends. Only a {@linkplain
 * io.runcible.engine.ContainerSpec.Builder#detached() detached} one goes on, and a later engine on
 * the same directories finds it again.
 *
 * <p>A container is watched and worked on while it runs, and most of that after its end, too:
 *
 * <pre>{@code
 * container.update(Limits.unchanged().withMemory("128m"));
 * System.out.println(container.stats().usage().memoryPeak());
 * container.files().copyTo(Path.of("settings.json"), "/etc/app/");
 * container.restart(Duration.ofSeconds(10));
 * container.awaitReady(Ready.onHealthy());
 * container.commit("registry.example/app:patched", config -> config.labels(Map.of("by", "me")));
 * try (EventStream events =
 *     engine.events(EventFilter.all().type(EngineEvent.OutOfMemory.class))) {
 *   events.next(Duration.ofMinutes(1)).ifPresent(System.out::println);
 * }
 * }</pre>
 *
 * <p>All methods block until the thing is done, may be called from any thread, and end early with
 * kind CANCELLED when the thread is interrupted.
 */
@NullMarked
package io.runcible.engine;

import org.jspecify.annotations.NullMarked;
