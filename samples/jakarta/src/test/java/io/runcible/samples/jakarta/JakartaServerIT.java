package io.runcible.samples.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.runcible.junit.EnabledIfContainersAvailable;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;

/**
 * The application in a real server: the tests share a deployment. Whenever it is removed, nothing
 * of it may be left.
 */
@EnabledForJreRange(
    max = JRE.JAVA_21,
    disabledReason = "Payara Micro 6 runs on Java 11 to 21: set JAVA_HOME to one")
@EnabledIfContainersAvailable
class JakartaServerIT {
  private static final String SHELL = "text/x-shellscript";

  /** Deployments one after the other, of all tests together: 20 with the profile soak. */
  private static final int ROUNDS = Math.max(3, 2 * Integer.getInteger("soak.factor", 1));

  @TempDir private static Path directory;
  private static Server server;

  @BeforeAll
  static void start() throws Exception {
    Host.require("busybox-static", "busybox");
    server = Server.start(directory);
    // Afterwards it is known what the server itself keeps open once it has had an application.
    server.deploy();
    server.waitOnEachThread(SHELL, "true".getBytes(StandardCharsets.UTF_8));
    runOne();
    server.undeploy();
    server.deploy();
  }

  @AfterAll
  static void stop() throws Exception {
    if (server == null) {
      return;
    }
    try (Server last = server) {
      last.undeploy();
    }
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
      Host.await("the program", () -> Host.runs("sleep 98.3"));
    }
    Host.await("the end of a program whose client is gone", () -> !Host.runs("sleep 98.3"));
  }

  @Test
  void saysWhatIsWrongWithARequest() throws Exception {
    try (RunClient refused = run(SHELL, "#".repeat((64 << 10) + 1))) {
      assertThat(refused.status()).isEqualTo(413);
      assertThat(refused.problem().get("error").asText()).contains("more than 65536 bytes");
    }
    for (String seconds : List.of("0", "-1", "61", "NaN", "abc", "")) {
      try (RunClient refused = post("seconds=" + seconds, SHELL, "true")) {
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.problem().get("error").asText()).contains("at most 60");
      }
    }
    // A form of another site can send this, and a script no type at all.
    try (RunClient refused = run("text/plain", "true")) {
      assertThat(refused.status()).isEqualTo(415);
      assertThat(refused.problem().get("error").asText()).isNotEmpty();
    }
    URI runs = server.uri("api/runs");
    String length = "Content-Length: 0";
    assertThat(RunClient.request(runs, "POST", "Host: localhost", length)).isEqualTo(415);
  }

  @Test
  void refusesRequestsThatCallTheServerByAnotherName() throws Exception {
    for (String path : List.of("", "index.html", "api/runs/1")) {
      URI uri = server.uri(path);
      for (String name : List.of("rebound.example", "localhost.rebound.example:80", "192.0.2.1")) {
        assertThat(RunClient.request(uri, "GET", "Host: " + name)).as(name + path).isEqualTo(403);
      }
      for (String name : List.of("localhost", "127.0.0.1:" + uri.getPort(), "[::1]")) {
        assertThat(RunClient.request(uri, "GET", "Host: " + name))
            .as(name + path)
            .isEqualTo(path.startsWith("api") ? 405 : 200);
      }
    }
  }

  @Test
  void aBrowserShowsWhatAProgramWritesWhileItRuns(@TempDir Path directory) throws Exception {
    try (Browser browser = browser(directory)) {
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

  @Test
  void portOfAContainerIsASettingAndItsStateIsReadiness() throws Exception {
    JsonNode port = RunClient.get(server.uri("api/web"));
    assertThat(port.isInt()).as("%s", port).isTrue();
    assertThat(RunClient.request(URI.create("http://127.0.0.1:" + port + "/sh"), "GET"))
        .isEqualTo(200);
    JsonNode health = RunClient.get(server.uri("").resolve("/health/ready"));
    assertThat(health.get("status").asText()).as("%s", health).isEqualTo("UP");
    JsonNode ours = health.get("checks").get(0);
    assertThat(ours.get("name").asText()).isEqualTo("runcible");
    assertThat(ours.get("data").get("web").asText()).isEqualTo("running");
  }

  private static Browser browser(Path directory) throws Exception {
    Path chromium = Host.require("chromium", "chromium");
    try {
      return Browser.start(chromium, directory);
    } catch (IOException e) {
      throw Host.lacking(chromium + " does not start here: " + e.getMessage());
    }
  }

  /** The first deployment was before all tests. */
  @Test
  void nothingIsLeftAfterManyDeployments() throws Exception {
    for (int deployments = 2; deployments < ROUNDS; deployments++) {
      runOne();
      // As it is when others deploy while somebody has a program run.
      try (RunClient run = run(SHELL, "echo ready; sleep 98.5")) {
        run.next("stdout");
        server.undeploy();
        assertThat(run.next("result").get("reason").asText()).isEqualTo("CANCELLED");
      }
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
