package io.runcible.samples.jakarta;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A Chromium with one page, which is driven over its own protocol. */
final class Browser implements AutoCloseable {
  private static final int LIMIT_SECONDS = 60;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process process;
  private final HttpClient http = HttpClient.newHttpClient();
  private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
  private final AtomicInteger last = new AtomicInteger();
  private final WebSocket page;

  private Browser(Process process, Path profile) throws Exception {
    this.process = process;
    Path port = profile.resolve("DevToolsActivePort");
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (!Files.exists(port) || Files.readAllLines(port).isEmpty()) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        throw new IOException("the browser did not start: see chromium.log");
      }
      Thread.sleep(20);
    }
    URI targets = URI.create("http://127.0.0.1:" + Files.readAllLines(port).get(0) + "/json/list");
    URI address = page(targets);
    while (address == null) {
      if (System.nanoTime() > deadline) {
        throw new IOException("the browser has no page");
      }
      Thread.sleep(20);
      address = page(targets);
    }
    page =
        http.newWebSocketBuilder()
            .buildAsync(address, new Answers())
            .get(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  private @Nullable URI page(URI targets) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(targets).timeout(Duration.ofSeconds(LIMIT_SECONDS)).build();
    for (JsonNode target : JSON.readTree(http.send(request, BodyHandlers.ofString()).body())) {
      if (target.path("type").asText().equals("page")) {
        return URI.create(target.get("webSocketDebuggerUrl").asText());
      }
    }
    return null;
  }

  /**
   * Starts one.
   *
   * @param directory for all that it writes
   */
  static Browser start(Path chromium, Path directory) throws Exception {
    Path profile = directory.resolve("profile");
    ProcessBuilder builder =
        new ProcessBuilder(
            List.of(
                chromium.toString(),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                "about:blank"));
    builder.environment().put("HOME", directory.toString());
    builder.environment().put("TMPDIR", directory.toString());
    Process process =
        builder
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("chromium.log").toFile())
            .start();
    try {
      return new Browser(process, profile);
    } catch (Exception e) {
      end(process);
      throw e;
    }
  }

  void open(String url) throws Exception {
    send("Page.navigate", Map.of("url", url));
    await("location.href === '" + url + "' && document.readyState === 'complete'");
  }

  /**
   * Clicks into the middle of what a selector finds, as a mouse does, once that can be clicked:
   * what a program ended with is shown before its answer is at its end, and only then the next can
   * run.
   */
  void click(String selector) throws Exception {
    await("document.querySelector('" + selector + "').disabled === false");
    JsonNode middle =
        evaluate(
            "(() => { const box = document.querySelector('"
                + selector
                + "').getBoundingClientRect();"
                + " return [box.x + box.width / 2, box.y + box.height / 2]; })()");
    for (String type : List.of("mousePressed", "mouseReleased")) {
      send(
          "Input.dispatchMouseEvent",
          Map.of(
              "type",
              type,
              "x",
              middle.get(0).asDouble(),
              "y",
              middle.get(1).asDouble(),
              "button",
              "left",
              "clickCount",
              1));
    }
  }

  /** Puts a text into a field instead of what is in it. */
  void type(String selector, String text) throws Exception {
    click(selector);
    evaluate("document.querySelector('" + selector + "').select()");
    send("Input.insertText", Map.of("text", text));
  }

  String text(String selector) throws Exception {
    return evaluate("document.querySelector('" + selector + "').textContent").asText();
  }

  /** Waits until an expression is true in the page. */
  void await(String condition) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (!evaluate("!!(" + condition + ")").asBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(
            condition + " did not come; " + evaluate("document.body.innerText").asText());
      }
      Thread.sleep(20);
    }
  }

  private JsonNode evaluate(String expression) throws Exception {
    JsonNode result =
        send("Runtime.evaluate", Map.of("expression", expression, "returnByValue", true));
    if (result.has("exceptionDetails")) {
      throw new IOException(expression + ": " + result.get("exceptionDetails"));
    }
    return result.get("result").path("value");
  }

  private JsonNode send(String method, Map<String, Object> parameters) throws Exception {
    int id = last.incrementAndGet();
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    answers.put(id, answer);
    ObjectNode message = JSON.createObjectNode().put("id", id).put("method", method);
    message.set("params", JSON.valueToTree(parameters));
    page.sendText(message.toString(), true).get(LIMIT_SECONDS, TimeUnit.SECONDS);
    JsonNode got = answer.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    if (got.has("error")) {
      throw new IOException(method + ": " + got.get("error"));
    }
    return got.get("result");
  }

  @Override
  public void close() {
    page.abort();
    end(process);
  }

  private static void end(Process process) {
    List<ProcessHandle> all = process.descendants().toList();
    process.destroy();
    process.onExit().completeOnTimeout(process, LIMIT_SECONDS, TimeUnit.SECONDS).join();
    process.destroyForcibly();
    for (ProcessHandle one : all) {
      one.destroyForcibly();
      one.onExit().completeOnTimeout(one, LIMIT_SECONDS, TimeUnit.SECONDS).join();
    }
  }

  private final class Answers implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean end) {
      text.append(part);
      if (end) {
        complete(text.toString());
        text.setLength(0);
      }
      socket.request(1);
      return null;
    }

    private void complete(String message) {
      try {
        JsonNode answer = JSON.readTree(message);
        CompletableFuture<JsonNode> waiting = answers.remove(answer.path("id").asInt());
        if (waiting != null) {
          waiting.complete(answer);
        }
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }
  }
}
