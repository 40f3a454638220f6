/**
 * The engine in Jakarta EE, and wherever else there is CDI 4: in Weld, OpenWebBeans and Quarkus.
 * With the library among those of an application, this works without any declaration:
 *
 * <pre>{@code
 * @Inject ContainerEngine engine;
 *
 * @Inject
 * @FromImage(value = "redis:7", ports = "6379", name = "cache", scope = FromImage.Scope.APPLICATION)
 * Container cache;
 *
 * @Inject Sandbox usual;
 *
 * @Inject
 * @InSandbox(value = "debian", memory = "64m", timeoutMillis = 5000)
 * Sandbox sandbox;
 * }</pre>
 *
 * <p>The engine is opened when it is first needed, and closed with the application; its threads are
 * those of the server's managed thread factory, where the server has one, and the asynchronous
 * stages of sandboxes run on its managed executor. Neither {@link
 * io.runcible.engine.ContainerEngine} nor {@link io.runcible.engine.Container} has a normal scope:
 * what is injected is the thing itself and not a proxy. A {@link io.runcible.sandbox.Sandbox}
 * without a qualifier that the application produces itself takes the place of the usual one; an
 * engine that it makes is declared an {@code @Alternative} with a {@code @Priority}.
 *
 * <p>Settings are looked for in MicroProfile Config where the application has it, otherwise in
 * system properties and environment variables, {@code runcible.data-root} as {@code
 * RUNCIBLE_DATA_ROOT}:
 *
 * <table>
 * <caption>Settings that are read</caption>
 * <tr><th>Key</th><th>What it says, and the default</th></tr>
 * <tr><td>{@code runcible.data-root}</td>
 *     <td>{@link io.runcible.engine.EngineBuilder#dataRoot}</td></tr>
 * <tr><td>{@code runcible.state-root}</td>
 *     <td>{@link io.runcible.engine.EngineBuilder#stateRoot}</td></tr>
 * <tr><td>{@code runcible.additional-stores}</td>
 *     <td>{@link io.runcible.engine.EngineBuilder#additionalStore}, several with commas</td></tr>
 * <tr><td>{@code runcible.runtime}</td>
 *     <td>{@link io.runcible.engine.EngineBuilder#runtime}</td></tr>
 * <tr><td>{@code runcible.cgroup-manager}</td>
 *     <td>{@link io.runcible.engine.EngineBuilder#cgroupManager}, {@code cgroupfs} or {@code
 *     systemd}</td></tr>
 * <tr><td>{@code runcible.platform}</td>
 *     <td>{@link io.runcible.engine.EngineBuilder#platform}, such as {@code linux/arm64}</td></tr>
 * <tr><td>{@code runcible.registries-conf}</td>
 *     <td>a file with the mirrors and short names of registries, instead of the host's; {@link
 *     io.runcible.registry.RegistryConfiguration#file}</td></tr>
 * <tr><td>{@code runcible.thread-factory}</td>
 *     <td>the JNDI name of the thread factory; {@code java:comp/DefaultManagedThreadFactory} or,
 *     where there is none, plain daemon threads</td></tr>
 * <tr><td>{@code runcible.executor}</td>
 *     <td>the JNDI name of what runs the asynchronous stages of {@link
 *     io.runcible.sandbox.Sandbox#submit}, see {@link io.runcible.sandbox.Sandbox.Builder#executor};
 *     {@code java:comp/DefaultManagedExecutorService} or, where there is none, the usual</td></tr>
 * <tr><td>{@code runcible.sandbox.image}</td>
 *     <td>the image of the {@link io.runcible.sandbox.Sandbox} that is injected where no other is
 *     named. By default there is none, and an application that injects such a one is not deployed;
 *     in Quarkus that injection fails</td></tr>
 * <tr><td>{@code runcible.readiness}</td>
 *     <td>with {@code false} the engine and the containers are no part of the application's
 *     readiness; by default they are</td></tr>
 * </table>
 *
 * <p>While a named container of the application runs, a source of MicroProfile Config with the
 * ordinal 250 has {@code runcible.container.NAME.id} and, for each published TCP port, {@code
 * .host.PORT}, {@code .port.PORT} and {@code .url.PORT}, an {@code http} URL; for each UDP port
 * {@code .port.PORT.udp}. Such a container also is part of the readiness of the application, as
 * MicroProfile Health asks for it: ready is an application whose engine can be opened, and whose
 * named containers run and are not unhealthy. One that has not used the engine yet is ready, and
 * asking opens none.
 *
 * <p>Nothing of an application is left when it has ended: its containers, threads and files are
 * gone, and its classes can be unloaded, up to a minute after its last request to a registry, when
 * the HTTP client's idle threads end. The native binding, though, keeps its own classes and their
 * loader for as long as the JVM runs: a server to which applications come and go has the library,
 * with all that it needs, among the libraries that they share, and not in each of them. Where it is
 * inside an application, and CDI is the server's, a warning says so when that is deployed.
 */
@NullMarked
package io.runcible.jakarta;

import org.jspecify.annotations.NullMarked;
