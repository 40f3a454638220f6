package io.runcible.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.runcible.Digest;
import io.runcible.engine.ChildJvm;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.Samples;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Documents of a registry that would fill the memory, and a client that has little of it. */
class HostileDocumentsTest {
  private static final String HEAP = "-Xmx56m";

  /** CDI containers, MicroProfile and Micrometer, with what they bring. */
  private static final Pattern OF_OTHERS =
      Pattern.compile(
          "/(io/(quarkus|smallrye|micrometer)|jakarta|org/(jboss|eclipse/microprofile|jctools"
              + "|hdrhistogram|latencyutils|apache/(xbean|openwebbeans)))/");

  private static final int MIB = 1 << 20;
  private static final int LIMIT = Manifest.MAX_SIZE;
  private static final String MANIFEST = new String(Samples.manifest("one").raw(), UTF_8);

  /** Answers a request. */
  private interface Answer {
    void to(HttpExchange exchange) throws IOException;
  }

  private final Map<String, Answer> answers = new ConcurrentHashMap<>();
  private final Map<String, String> expected = new LinkedHashMap<>();
  private final AtomicInteger pages = new AtomicInteger();
  private final ExecutorService threads = Executors.newFixedThreadPool(4);
  private HttpServer server;

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext("/", this::answer);
    server.setExecutor(threads);
    server.start();
  }

  @AfterEach
  void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    Answer answer = answers.get(path.startsWith("/v2/_catalog") ? "/v2/_catalog" : path);
    try (exchange) {
      if (answer == null) {
        exchange.sendResponseHeaders(404, -1);
      } else {
        answer.to(exchange);
      }
    }
  }

  private static Answer document(String mediaType, byte[] raw) {
    return exchange -> {
      exchange.getResponseHeaders().add("Content-Type", mediaType);
      boolean head = exchange.getRequestMethod().equals("HEAD");
      exchange.sendResponseHeaders(200, head ? -1 : raw.length);
      if (!head) {
        exchange.getResponseBody().write(raw);
      }
    };
  }

  /** Sends the same over and over, until the client has enough. */
  private static Answer endless(String mediaType, String start, String more) {
    return exchange -> {
      exchange.getResponseHeaders().add("Content-Type", mediaType);
      exchange.sendResponseHeaders(200, exchange.getRequestMethod().equals("HEAD") ? -1 : 0);
      if (!exchange.getRequestMethod().equals("HEAD")) {
        OutputStream body = exchange.getResponseBody();
        body.write(start.getBytes(UTF_8));
        byte[] block = more.repeat(1 + 65_536 / more.length()).getBytes(UTF_8);
        while (true) {
          body.write(block);
        }
      }
    };
  }

  /** Pages of nearly 4 MiB, each of which says that another one follows. */
  private Answer pages(String mediaType, String start, String entry, String end) {
    StringBuilder page = new StringBuilder(start).append(entry);
    while (page.length() < LIMIT - 2000) {
      page.append(',').append(entry);
    }
    byte[] raw = page.append(end).toString().getBytes(UTF_8);
    return exchange -> {
      exchange.getResponseHeaders().add("Content-Type", mediaType);
      String next = "<?page=" + pages.incrementAndGet() + ">; rel=\"next\"";
      exchange.getResponseHeaders().add("Link", next);
      exchange.sendResponseHeaders(200, raw.length);
      exchange.getResponseBody().write(raw);
    };
  }

  private void image(String tag, String outcome, Answer answer) {
    answers.put("/v2/team/app/manifests/" + tag, answer);
    expected.put(tag, outcome);
  }

  private void list(String tag, String path, String outcome, Answer answer) {
    answers.put(path, answer);
    expected.put(tag, outcome);
  }

  private void document(String tag, String outcome, String raw) {
    document(tag, outcome, MediaType.OCI_MANIFEST, raw.getBytes(UTF_8));
  }

  private void document(String tag, String outcome, String mediaType, byte[] raw) {
    image(tag, outcome, document(mediaType, raw));
    answers.put("/v2/team/app/manifests/" + Digest.sha256(raw), document(mediaType, raw));
  }

  private static String filled(String piece, String between) {
    StringBuilder filled = new StringBuilder(LIMIT);
    String start = MANIFEST.substring(0, MANIFEST.length() - 1) + ",\"x\":[";
    filled.append(start).append(piece);
    while (filled.length() < LIMIT - 1000) {
      filled.append(between).append(piece);
    }
    return filled.append("]}").toString();
  }

  private void documents() {
    document("large", "INVALID_INPUT", MANIFEST + " ".repeat(5 * MIB));
    document("deep", "INVALID_INPUT", "{\"x\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}");
    document("deep-objects", "INVALID_INPUT", "{\"x\":".repeat(100_000));
    document("many-objects", "INVALID_INPUT", filled("{}", ","));
    document("many-arrays", "INVALID_INPUT", filled("[]", ","));
    document("many-numbers", "INVALID_INPUT", filled("9999", ","));
    document("many-texts", "INVALID_INPUT", filled("\"abcd\"", ","));
    document("long-number", "INVALID_INPUT", "{\"x\":" + "9".repeat(4_000_000) + "}");
    String digest = Samples.config("one").digest().toString();
    document("path", "INVALID_INPUT", MANIFEST.replace(digest, "sha256:../../../etc/passwd"));
    image("endless", "INVALID_INPUT", endless(MediaType.OCI_MANIFEST, MANIFEST, " "));
    image("endless-text", "INVALID_INPUT", endless(MediaType.OCI_MANIFEST, "{\"x\":\"", "x"));
  }

  private void indexes() {
    Descriptor inner =
        Descriptor.of(MediaType.OCI_INDEX, Digest.sha256(new byte[1]), 300)
            .withPlatform(Samples.PLATFORM);
    byte[] index = ImageIndex.of(List.of(inner), Map.of()).raw();
    document("itself", "CORRUPT_DATA", MediaType.OCI_INDEX, index);
    document("copy-itself", "CORRUPT_DATA", MediaType.OCI_INDEX, index);
    answers.put("/v2/team/app/manifests/" + inner.digest(), document(MediaType.OCI_INDEX, index));
    List<Descriptor> large = new ArrayList<>();
    for (int i = 0; i < 9_000; i++) {
      Digest each = Digest.sha256(Integer.toString(i).getBytes(UTF_8));
      large.add(Descriptor.of(MediaType.OCI_MANIFEST, each, LIMIT));
    }
    byte[] bloated = ImageIndex.of(large, Map.of()).raw();
    document("copy-bloated", "INVALID_INPUT", MediaType.OCI_INDEX, bloated);
  }

  private void lists() {
    String tags = "/v2/team/app-tags-";
    String json = "application/json";
    list("tags-body", tags + "body/tags/list", "INVALID_INPUT", endless(json, "{\"tags\":[", "0,"));
    String tag = "\"" + "x".repeat(128) + "\"";
    list(
        "tags-pages",
        tags + "pages/tags/list",
        "INVALID_INPUT",
        pages(json, "{\"tags\":[", tag, "]}"));
    list(
        "tags-short",
        tags + "short/tags/list",
        "INVALID_INPUT",
        pages(json, "{\"tags\":[", "\"1234567\"", "]}"));
    list(
        "catalog-pages",
        "/v2/_catalog",
        "INVALID_INPUT",
        pages(json, "{\"repositories\":[", "\"team/1234567\"", "]}"));
    String referrer =
        "{\"mediaType\":\"a/b\",\"size\":1,\"digest\":\"" + Digest.sha256(new byte[1]) + "\"}";
    list(
        "referrers-pages",
        "/v2/team/app-referrers-pages/referrers/" + Samples.manifest("one").digest(),
        "INVALID_INPUT",
        pages(
            MediaType.OCI_INDEX,
            "{\"schemaVersion\":2,\"mediaType\":\"" + MediaType.OCI_INDEX + "\",\"manifests\":[",
            referrer,
            "]}"));
  }

  /** Without what only other tests need: a jar takes memory by being on the class path. */
  private static String classPath() {
    return Stream.of(ChildJvm.classPath().split(File.pathSeparator))
        .filter(entry -> !OF_OTHERS.matcher(entry).find())
        .collect(Collectors.joining(File.pathSeparator));
  }

  @Test
  void areRefusedByAClientWithASmallHeap() throws Exception {
    documents();
    indexes();
    lists();
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(HEAP, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("-cp", classPath(), HostileDocumentsProgram.class.getName()));
    command.add("127.0.0.1:" + server.getAddress().getPort());
    command.addAll(expected.keySet());
    Process child =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    List<String> lines = new String(child.getInputStream().readAllBytes(), UTF_8).lines().toList();
    assertThat(child.waitFor()).isZero();
    List<String> wanted = new ArrayList<>();
    expected.forEach((tag, kind) -> wanted.add(tag + " " + kind));
    List<String> outcomes = new ArrayList<>();
    for (String line : lines) {
      outcomes.add(String.join(" ", line.split(" ", 3)[0], line.split(" ", 3)[1]));
      assertThat(line).hasSizeLessThan(1000);
    }
    assertThat(outcomes).isEqualTo(wanted);
  }
}
