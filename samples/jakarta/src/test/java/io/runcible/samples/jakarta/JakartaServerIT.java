package io.runcible.samples.jakarta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.runcible.junit.EnabledIfContainersAvailable;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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

  /** Deployments one after the other: 20 with the profile soak. */
  private static final int ROUNDS = Math.max(2, 2 * Integer.getInteger("soak.factor", 1));

  @TempDir private static Path directory;
  @TempDir private static Path browserDirectory;
  private static Path chromium;
  private static Server server;

  @BeforeAll
  static void start() throws Exception {
    assumeTrue(Runtime.version().feature() < 22, "Payara Micro 6 runs on Java 11 to 21");
    Host.require("busybox-static", "busybox");
    chromium = Host.require("chromium", "chromium", "chromium-browser");
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

  @Test
  void holdsTheLimitsOfHostilePrograms() throws Exception {
    Map<String, RunClient> runs = new LinkedHashMap<>();
    try {
      runs.put("OUTPUT", run(SHELL, "yes"));
      runs.put("MEMORY", run(SHELL, "awk 'BEGIN { s = 1; while (1) s = s s }'"));
      runs.put("TIMEOUT", post("seconds=0.5", SHELL, "sleep 98.1"));
      runs.put("EXITED", run(SHELL, "while :; do sleep 98.1 & done"));
      for (Map.Entry<String, RunClient> run : runs.entrySet()) {
        JsonNode result = run.getValue().next("result");
        assertThat(result.get("reason").asText()).as("%s", result).isEqualTo(run.getKey());
      }
      assertThat(runs.get("OUTPUT").stdout()).startsWith("y\ny\n").hasSizeLessThan(1 << 20);
      assertThat(runs.get("EXITED").stderr()).contains("can't fork");
    } finally {
      runs.values().forEach(RunClient::close);
    }
    runOne();
  }

  @Test
  void endsWhatIsCancelledOrHasLostItsClient() throws Exception {
    try (RunClient run = run(SHELL, "echo ready; sleep 98.2")) {
      run.next("stdout");
      assertThat(RunClient.delete(server.uri("api/runs/" + run.id()))).isEqualTo(204);
      assertThat(run.next("result").get("reason").asText()).isEqualTo("CANCELLED");
      assertThat(RunClient.delete(server.uri("api/runs/" + run.id()))).isEqualTo(404);
    }
    try (RunClient run = run(SHELL, "echo ready; sleep 98.3")) {
      run.next("stdout");
      assertThat(Host.runs("sleep 98.3")).isTrue();
    }
    Host.await("the end of a program whose client is gone", () -> !Host.runs("sleep 98.3"));
  }

  @Test
  void saysWhatIsWrongWithARequest() throws Exception {
    try (RunClient refused = run(SHELL, "#".repeat((64 << 10) + 1))) {
      assertThat(refused.status()).isEqualTo(413);
      assertThat(refused.problem().get("error").asText()).contains("more than 65536 bytes");
    }
    for (String seconds : List.of("0", "-1", "61", "NaN")) {
      try (RunClient refused = post("seconds=" + seconds, SHELL, "true")) {
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.problem().get("error").asText()).contains("at most 60");
      }
    }
    // A form of another site can send this.
    try (RunClient refused = run("text/plain", "true")) {
      assertThat(refused.status()).isEqualTo(415);
    }
  }

  @Test
  void aBrowserShowsWhatAProgramWritesWhileItRuns() throws Exception {
    try (Browser browser = Browser.start(chromium, browserDirectory)) {
      browser.open(server.uri("").toString());
      browser.type("#seconds", "60");
      browser.type("#program", "echo first; sleep 98.4");
      browser.click("#run");
      browser.await("document.querySelector('#output').textContent === 'first\\n'");
      assertThat(browser.text("#result")).isEqualTo("running");
      browser.click("#cancel");
      browser.await("document.querySelector('#result').textContent === 'CANCELLED'");

      browser.type("#program", "echo '<b>bold</b>'; echo oops >&2; exit 4");
      browser.click("#run");
      browser.await("document.querySelector('#result').textContent.includes('memory')");
      assertThat(browser.text("#result")).startsWith("EXITED, exit code 4, ");
      assertThat(browser.text("#output .stdout")).isEqualTo("<b>bold</b>\n");
      assertThat(browser.text("#output .stderr")).isEqualTo("oops\n");

      browser.type("#program", "yes");
      browser.click("#run");
      browser.await("document.querySelector('#result').textContent.startsWith('OUTPUT')");

      browser.type("#program", "#".repeat((64 << 10) + 1));
      browser.click("#run");
      browser.await("document.querySelector('#result').className === 'error'");
      assertThat(browser.text("#result")).isEqualTo("the program has more than 65536 bytes");
    }
  }

  /** The other tests are rounds, too. */
  @Test
  void nothingIsLeftAfterManyDeployments() throws Exception {
    for (int round = 1; round < ROUNDS; round++) {
      runOne();
      server.undeploy();
      server.deploy();
    }
    runOne();
    assertThat(server.left()).as("of an application that runs").isNotEmpty();
  }

  private static void runOne() throws Exception {
    try (RunClient run = run(SHELL, "echo fine")) {
      run.next("result");
      assertThat(run.stdout()).isEqualTo("fine\n");
    }
  }

  private static RunClient run(String type, String program) throws Exception {
    return post("seconds=60", type, program);
  }

  private static RunClient post(String query, String type, String program) throws Exception {
    return RunClient.post(server.uri("api/runs?" + query), type, program);
  }
}
