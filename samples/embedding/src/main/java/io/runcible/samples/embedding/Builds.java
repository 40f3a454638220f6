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

/** Runs a build in the sandbox, and leaves its report for the web server. */
final class Builds implements HttpHandler {
  private static final int MAX_SCRIPT = 64 << 10;

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
      return;
    }
    try {
      SandboxResult result =
          sandbox.run(
              SandboxRequest.builder("/bin/sh", "build.sh")
                  .file("build.sh", script)
                  // Whoever builds much does not keep the others waiting.
                  .caller(name)
                  .build());
      String report = report(result);
      Files.writeString(reports.resolve(name + ".txt"), report);
      answer(exchange, 200, report);
    } catch (RuncibleException e) {
      boolean busy = e.kind() == ErrorKind.UNAVAILABLE || e.kind() == ErrorKind.CANCELLED;
      answer(exchange, busy ? 503 : 500, e.getMessage() + "\n");
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
