package io.runcible.samples.embedding;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.sandbox.Sandbox;
import io.runcible.sandbox.SandboxRequest;
import io.runcible.sandbox.SandboxResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Runs a build in the sandbox, and leaves its report for the web server. */
final class Builds implements HttpHandler, AutoCloseable {
  static final int MAX_AT_ONCE = 32;

  private static final Duration GRACE = Duration.ofSeconds(30);
  private static final int MAX_SCRIPT = 64 << 10;

  /** One that no page of another site can send. */
  private static final String TYPE = "text/x-shellscript";

  private final Semaphore places = new Semaphore(MAX_AT_ONCE);
  private volatile boolean closed;
  private final Sandbox sandbox;
  private final Path reports;

  Builds(Sandbox sandbox, Path reports) {
    this.sandbox = sandbox;
    this.reports = reports;
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    String name = path.substring(exchange.getHttpContext().getPath().length());
    byte[] script = exchange.getRequestBody().readNBytes(MAX_SCRIPT + 1);
    if (!exchange.getRequestMethod().equals("POST")
        || !name.matches("[a-z0-9][a-z0-9-]{0,40}")
        || script.length > MAX_SCRIPT) {
      answer(exchange, 400, "POST /builds/NAME with a script of at most 64 KiB\n");
    } else if (!TYPE.equals(exchange.getRequestHeaders().getFirst("Content-Type"))) {
      answer(exchange, 415, "Content-Type: " + TYPE + "\n");
    } else if (closed || !places.tryAcquire()) {
      answer(exchange, 503, "no more builds now\n");
    } else {
      try {
        build(exchange, name, script);
      } finally {
        places.release();
      }
    }
  }

  private void build(HttpExchange exchange, String name, byte[] script) throws IOException {
    int status = 200;
    String text;
    try {
      SandboxResult result =
          sandbox.run(
              SandboxRequest.builder("/bin/sh", "build.sh")
                  .file("build.sh", script)
                  // Whoever builds much does not keep the others waiting.
                  .caller(name)
                  .build());
      text = report(result);
      save(name + ".txt", text);
    } catch (RuncibleException e) {
      boolean busy = e.kind() == ErrorKind.UNAVAILABLE || e.kind() == ErrorKind.CANCELLED;
      status = busy ? 503 : 500;
      text = e.getMessage() + "\n";
    } catch (IOException e) {
      status = 500;
      text = "the report could not be written: " + e + "\n";
    }
    answer(exchange, status, text);
  }

  /** At once: who reads the reports sees all of one, or the one before. */
  private void save(String file, String report) throws IOException {
    Path part = reports.resolveSibling(file + "-" + UUID.randomUUID());
    try {
      Files.writeString(part, report);
      Files.move(part, reports.resolve(file), StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  /** Takes no more builds, and waits for those that are under way and their answers. */
  @Override
  public void close() {
    closed = true;
    try {
      if (!places.tryAcquire(MAX_AT_ONCE, GRACE.toSeconds(), TimeUnit.SECONDS)) {
        System.err.println("builds still run after " + GRACE.toSeconds() + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** How it ended, and what it wrote. */
  private static String report(SandboxResult result) {
    String end =
        switch (result.reason()) {
          case EXITED -> "exit code " + result.exitCode().getAsInt();
          case TIMEOUT -> "took too long";
          case MEMORY -> "used too much memory";
          case OUTPUT -> "wrote too much";
          case SIGNALLED -> "ended by a signal";
        };
    return end + "\n" + result.stdout() + result.stderr();
  }

  static void answer(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = text.getBytes(UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
    exchange.sendResponseHeaders(status, body.length);
    try (exchange) {
      exchange.getResponseBody().write(body);
    }
  }
}
