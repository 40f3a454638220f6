package io.runcible.samples.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.runcible.junit.EnabledIfContainersAvailable;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The application in a real server; each test deploys it, and nothing of it may be left. */
@EnabledIfContainersAvailable
class JakartaServerIT {
  private static final String SHELL = "text/x-shellscript";

  @TempDir private static Path directory;
  private static Server server;

  @BeforeAll
  static void start() throws Exception {
    Host.require("busybox", "busybox-static");
    server = Server.start(directory);
  }

  @AfterAll
  static void stop() throws Exception {
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  void deploy() throws Exception {
    server.deploy();
  }

  @AfterEach
  void undeploy() throws Exception {
    server.undeploy();
  }

  @Test
  void runsProgramsOfEachLanguage() throws Exception {
    try (RunClient run = run(SHELL, "echo héllo; echo oops >&2; exit 3")) {
      JsonNode result = run.next("result");
      assertThat(run.stdout()).isEqualTo("héllo\n");
      assertThat(run.stderr()).isEqualTo("oops\n");
      assertThat(result.get("reason").asText()).isEqualTo("EXITED");
      assertThat(result.get("exitCode").asInt()).isEqualTo(3);
      assertThat(result.get("peakMemory").asLong()).isPositive();
    }
    try (RunClient run = run("text/x-awk", "BEGIN { print 6 * 7 }")) {
      run.next("result");
      assertThat(run.stdout()).isEqualTo("42\n");
    }
  }

  private static RunClient run(String type, String program) throws Exception {
    return RunClient.post(server.uri("api/runs?seconds=5"), type, program);
  }
}
