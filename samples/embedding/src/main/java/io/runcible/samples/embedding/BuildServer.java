package io.runcible.samples.embedding;

import com.sun.net.httpserver.HttpServer;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Mount;
import io.runcible.engine.Ready;
import io.runcible.engine.RestartPolicy;
import io.runcible.sandbox.Sandbox;
import io.runcible.sandbox.SandboxProfile;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A build server in plain Java: {@code BuildServer IMAGE DIRECTORY}. One engine for all of it runs
 * a service, the web server that shows the reports, and a sandbox for the builds that people send:
 *
 * <pre>
 * POST /builds/NAME   runs the shell script that is sent, and answers with its output
 * GET /metrics        what the engine has done, and what the service uses
 * </pre>
 *
 * <p>It ends on SIGTERM, or on Ctrl-C: it takes no more builds, lets those that run come to their
 * end, and leaves nothing on the host. Killed otherwise, its containers end with it, and the next
 * start removes what is left of them.
 */
public final class BuildServer implements AutoCloseable {
  /** More than the builds that are taken at once, so that the metrics are there meanwhile. */
  private static final int THREADS = Builds.MAX_AT_ONCE + 8;

  private final Path directory;

  /** What is open, the last first. */
  private final Deque<AutoCloseable> open = new ArrayDeque<>();

  private boolean closed;

  private BuildServer(Path directory) {
    this.directory = directory;
  }

  /** Starts it, and prints where it listens when it does. */
  public static void main(String[] args) throws IOException {
    if (args.length != 2) {
      System.err.println("usage: BuildServer IMAGE DIRECTORY");
      System.exit(2);
    }
    // Seconds that a client may take to send a request, and to get its answer; by default for ever.
    System.setProperty("sun.net.httpserver.maxReqTime", "30");
    System.setProperty("sun.net.httpserver.maxRspTime", "300");
    BuildServer server = new BuildServer(Path.of(args[1]).toAbsolutePath());
    // Before anything is started: the signal may come at once.
    Runtime.getRuntime().addShutdownHook(new Thread(server::close, "shutdown"));
    server.start(args[0]);
  }

  /** Holds the lock as close() does, so that a signal during the start waits for it. */
  private synchronized void start(String image) throws IOException {
    if (closed) {
      return;
    }
    Path reports = Files.createDirectories(directory.resolve("reports"));
    ContainerEngine engine =
        opened(
            ContainerEngine.builder()
                .dataRoot(directory.resolve("engine"))
                .stateRoot(directory.resolve("state"))
                .build());
    Container web = opened(engine.run(webServer(image, reports)));
    web.awaitReady(Ready.onPort(8080));
    Sandbox sandbox =
        opened(Sandbox.builder(image).engine(engine).profile(forBuilds()).warm(2).build());

    HttpServer http =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    open.push(threads::shutdown);
    http.setExecutor(threads);
    open.push(() -> http.stop(0));
    http.createContext("/builds/", opened(new Builds(sandbox, reports)));
    http.createContext("/metrics", new Metrics(engine, web));
    http.start();
    System.out.println("builds " + url(http.getAddress()));
    System.out.println("reports " + url(web.hostAddress(8080)));
  }

  /** It sees the reports and nothing else, and is started again should it end. */
  private static ContainerSpec webServer(String image, Path reports) {
    return ContainerSpec.builder(image)
        .command("/bin/busybox", "httpd", "-f", "-p", "8080", "-h", "/reports")
        .mount(Mount.bind(reports, "/reports").readOnly())
        .readOnlyRoot()
        .dropCapability("ALL")
        .memory("32m")
        .pids(32)
        .publish(8080)
        .restart(RestartPolicy.ALWAYS)
        .build();
  }

  private static SandboxProfile forBuilds() {
    return SandboxProfile.untrusted().toBuilder()
        .memory("128m")
        .timeout(Duration.ofSeconds(20))
        .build();
  }

  private static String url(InetSocketAddress address) {
    return "http://" + address.getHostString() + ":" + address.getPort();
  }

  private <T extends AutoCloseable> T opened(T resource) {
    open.push(resource);
    return resource;
  }

  /** In the reverse order: no builds, then no sandbox, no service, and no engine. Idempotent. */
  @Override
  public synchronized void close() {
    closed = true;
    while (!open.isEmpty()) {
      try {
        open.pop().close();
      } catch (Exception e) {
        System.err.println("on the way down: " + e);
      }
    }
  }
}
