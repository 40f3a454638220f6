package io.runcible.serve;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.Samples;
import io.runcible.layout.ImageLayout;
import io.runcible.registry.RegistryClient;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Clients that mean harm: afterwards the server answers, and the layout is as it was. */
class HostileClientsTest {
  private static final ImageReference APP = ImageReference.parse("team/app:1");
  private static final String HOST = "Host: a\r\n";
  private static final String CLOSE = "Connection: close\r\n\r\n";
  private static final String UPLOADS = "/v2/team/app/blobs/uploads/";
  private static final Pattern LOCATION = Pattern.compile("\r\nLocation: (\\S+)");
  private static final int MAX_UPLOAD = 1 << 20;

  @TempDir Path temporary;
  private ImageLayout layout;
  private RegistryServer server;
  private Map<String, Digest> before;

  @BeforeEach
  void start() throws IOException {
    layout = ImageLayout.create(temporary.resolve("layout"));
    Samples.put(layout, APP, "one");
    server =
        RegistryServer.serve(layout)
            .writable()
            .uploads(temporary.resolve("uploads"), MAX_UPLOAD)
            .start();
    before = contents("layout");
  }

  @AfterEach
  void serverIsUpAndLeavesNothing() throws Exception {
    assertThat(exchange("GET /v2/team/app/manifests/1 HTTP/1.1\r\n" + HOST + "\r\n"))
        .startsWith("HTTP/1.1 200 OK");
    server.close();
    assertThat(contents("layout")).isEqualTo(before);
    assertThat(contents("uploads")).containsOnlyKeys("uploads/.runcible-uploads.lock");
    ServerThreads.assertGone();
    assertThat(openFiles()).noneMatch(file -> file.startsWith(temporary.toString()));
  }

  /** The files below a directory. */
  private Map<String, Digest> contents(String directory) throws IOException {
    Map<String, Digest> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(temporary.resolve(directory))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        contents.put(
            temporary.relativize(file).toString(), Digest.sha256(Files.readAllBytes(file)));
      }
    }
    return contents;
  }

  private static List<String> openFiles() throws IOException {
    Path descriptors = Path.of("/proc/self/fd");
    List<String> open = new ArrayList<>();
    if (Files.isDirectory(descriptors)) {
      try (Stream<Path> links = Files.list(descriptors)) {
        for (Path link : links.toList()) {
          try {
            open.add(Files.readSymbolicLink(link).toString());
          } catch (NoSuchFileException e) {
            // Another thread has closed it just now.
          }
        }
      }
    }
    return open;
  }

  private Socket connect() throws IOException {
    return new Socket("127.0.0.1", server.address().getPort());
  }

  /** Sends bytes, ends the sending, and reads until the server closes the connection. */
  private String exchange(String sent) throws IOException {
    try (Socket socket = connect()) {
      try {
        socket.getOutputStream().write(sent.getBytes(ISO_8859_1));
        socket.shutdownOutput();
      } catch (SocketException e) {
        // The server has had enough; what it said can be read.
      }
      return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
    }
  }

  private static String location(String answer) {
    Matcher matcher = LOCATION.matcher(answer);
    assertThat(matcher.find()).as(answer).isTrue();
    return matcher.group(1);
  }

  private String begin() throws IOException {
    return location(
        exchange("POST " + UPLOADS + " HTTP/1.1\r\n" + HOST + "Content-Length: 0\r\n\r\n"));
  }

  private static String put(String path, String headers, String body) {
    return "PUT " + path + " HTTP/1.1\r\n" + HOST + headers + "\r\n" + body;
  }

  /** Requests that must be refused, with the first line of the answer. */
  static Stream<List<String>> refused() {
    String digest = Digest.sha256("x".getBytes(UTF_8)).toString();
    String manifests = "/v2/team/app/manifests/";
    String length = "Content-Length: 1\r\n";
    return Stream.of(
        List.of(put(manifests + "2", length + "Transfer-Encoding: chunked\r\n", "x"), "400"),
        List.of(put(manifests + "2", length + length, "x"), "400"),
        List.of(put(manifests + "2", "Content-Length: 1, 1\r\n", "x"), "400"),
        List.of(put(manifests + "2", "Content-Length: -1\r\n", "x"), "400"),
        List.of(put(manifests + "2", "Content-Length: 1\r\n folded\r\n", "x"), "400"),
        List.of(put(manifests + "2", "Transfer-Encoding: chunked\r\n", "zz\r\nx"), "400"),
        List.of(put(manifests + "2", "Content-Length: 99999999999999\r\n", "x"), "413"),
        List.of(put(manifests + "2", "A: " + "a".repeat(20_000) + "\r\n", ""), "400"),
        List.of(put(manifests + "2", "A: b\r\n".repeat(5_000), ""), "400"),
        List.of(put("/" + "a".repeat(20_000), "", ""), "400"),
        List.of(put(manifests + "../../../../etc/passwd", length, "x"), "404"),
        List.of(put(manifests + "%2e%2e%2f%2e%2e%2fx", length, "x"), "404"),
        List.of(put(manifests + "sha256:../../../../../x", length, "x"), "404"),
        List.of(put(manifests + "sha256:%2e%2e%2fx", length, "x"), "404"),
        List.of(put("/v2/../../etc/manifests/1", length, "x"), "400"),
        List.of(put("/v2/a/./b/manifests/1", length, "x"), "400"),
        List.of(put("/v2/%00/manifests/1", length, "x"), "400"),
        List.of(put("/v2/%c0%ae%c0%ae/manifests/1", length, "x"), "400"),
        List.of(put("/v2/" + "a/".repeat(3_000) + "manifests/1", length, "x"), "400"),
        List.of(put("//etc/passwd", length, "x"), "404"),
        List.of(put(UPLOADS + "../../../x?digest=" + digest, length, "x"), "404"),
        List.of(put(UPLOADS + "%2e%2e?digest=" + digest, length, "x"), "404"),
        List.of("GET /v2/team/app/blobs/" + digest + "/../../x HTTP/1.1\r\n" + CLOSE, "404"),
        List.of(
            "POST "
                + UPLOADS
                + "?digest="
                + digest
                + " HTTP/1.1\r\n"
                + "Content-Length: 999999999999999999\r\n\r\n",
            "413"),
        List.of("DELETE /v2/team/app/manifests/%2e%2e%2findex.json HTTP/1.1\r\n" + CLOSE, "404"),
        List.of("DELETE /v2/team/app/blobs/sha256:%2e%2e HTTP/1.1\r\n" + CLOSE, "400"));
  }

  @ParameterizedTest
  @MethodSource
  void refused(List<String> requestAndStatus) throws IOException {
    assertThat(exchange(requestAndStatus.get(0) + "GET /hidden HTTP/1.1\r\n\r\n"))
        .startsWith("HTTP/1.1 " + requestAndStatus.get(1) + " ")
        .containsOnlyOnce("HTTP/1.1 ");
  }

  @Test
  void negativeRanges() throws IOException {
    String location = begin();
    for (String range : List.of("-5--1", "-1-0", "0--1", "5-0", "18446744073709551616-1")) {
      String answer =
          exchange(
              "PATCH "
                  + location
                  + " HTTP/1.1\r\n"
                  + HOST
                  + "Content-Range: "
                  + range
                  + "\r\nContent-Length: 1\r\n\r\nx");
      assertThat(answer).startsWith("HTTP/1.1 416 ").contains("Range: 0-0");
    }
  }

  @Test
  void anEndlessChunkEndsAtTheLimit() throws IOException {
    String location = begin();
    try (Socket socket = connect()) {
      OutputStream out = socket.getOutputStream();
      String head = "PATCH " + location + " HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n";
      out.write((head + "\r\nfffffffffffffff\r\n").getBytes(UTF_8));
      byte[] block = new byte[1 << 16];
      try {
        for (int i = 0; i < 1000; i++) {
          out.write(block);
        }
        socket.shutdownOutput();
        assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8))
            .startsWith("HTTP/1.1 413 ");
      } catch (SocketException e) {
        // Cut off while it sent, which is as good.
      }
    }
    assertThat(exchange("GET " + location + " HTTP/1.1\r\n" + HOST + "\r\n"))
        .startsWith("HTTP/1.1 404 ");
  }

  @Test
  void tenThousandUploadsOnOneConnection() throws IOException {
    String begun = begin();
    String part = "PATCH " + begun + " HTTP/1.1\r\n" + HOST + "Content-Length: 1\r\n\r\nx";
    assertThat(exchange(part)).startsWith("HTTP/1.1 202 ");
    try (Socket socket = connect()) {
      InputStream in = new BufferedInputStream(socket.getInputStream());
      byte[] request =
          ("POST " + UPLOADS + " HTTP/1.1\r\n" + HOST + "Content-Length: 0\r\n\r\n")
              .getBytes(UTF_8);
      for (int i = 0; i < 10_000; i++) {
        socket.getOutputStream().write(request);
        assertThat(head(in)).startsWith("HTTP/1.1 202 ");
      }
    }
    assertThat(contents("uploads")).hasSize(3);
    assertThat(exchange("GET " + begun + " HTTP/1.1\r\n" + HOST + "\r\n"))
        .startsWith("HTTP/1.1 204 ");
  }

  private static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n", head.length() - 4) < 0) {
      int c = in.read();
      // No assertion for each of millions of characters.
      if (c < 0) {
        throw new AssertionError("ended after: " + head);
      }
      head.append((char) c);
    }
    return head.toString();
  }

  @Test
  void halfOpenUploads() throws IOException {
    List<Socket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < 100; i++) {
        Socket socket = connect();
        sockets.add(socket);
        String head = "PATCH " + begin() + " HTTP/1.1\r\n" + HOST + "Content-Length: 100\r\n\r\nx";
        socket.getOutputStream().write(head.getBytes(UTF_8));
      }
      assertThat(exchange("GET /v2/ HTTP/1.1\r\n" + HOST + "\r\n")).startsWith("HTTP/1.1 200 ");
      server.close();
      assertThat(contents("uploads")).containsOnlyKeys("uploads/.runcible-uploads.lock");
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
    server =
        RegistryServer.serve(layout).writable().uploads(temporary.resolve("uploads"), 1).start();
  }

  @Test
  void anUploadThatWasCutOffGoesOn() throws Exception {
    String location = begin();
    try (Socket socket = connect()) {
      String head = "PATCH " + location + " HTTP/1.1\r\n" + HOST + "Content-Length: 100\r\n\r\n";
      socket.getOutputStream().write((head + "hello ").getBytes(UTF_8));
      socket.shutdownOutput();
      assertThat(socket.getInputStream().readAllBytes()).isEmpty();
    }
    assertThat(exchange("GET " + location + " HTTP/1.1\r\n" + HOST + "\r\n"))
        .startsWith("HTTP/1.1 204 ")
        .contains("Range: 0-5");
    Digest digest = Digest.sha256("hello world".getBytes(UTF_8));
    String rest =
        put(
            location + "?digest=" + digest,
            "Content-Range: 6-10\r\nContent-Length: 5\r\n",
            "world");
    assertThat(exchange(rest)).startsWith("HTTP/1.1 201 ");
    assertThat(layout.blobSize(APP, digest)).isEqualTo(11);
    layout.deleteBlob(APP, digest);
  }

  @Test
  void aBlobThatIsCutOffIsNotKept() throws IOException {
    String location = begin();
    Digest digest = Digest.sha256("hello world".getBytes(UTF_8));
    assertThat(exchange(put(location + "?digest=" + digest, "Content-Length: 11\r\n", "hello ")))
        .isEmpty();
    assertThat(exchange("GET " + location + " HTTP/1.1\r\n" + HOST + "\r\n"))
        .startsWith("HTTP/1.1 204 ");
  }

  @Test
  void manyClientsPushAtOnce() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try (RegistryClient client = RegistryClient.create()) {
      List<Future<Descriptor>> pushed = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        String name = "n" + i % 10;
        ImageReference target = ImageReference.parse(server.host() + "/many/app:" + i);
        Callable<Descriptor> push = () -> Samples.put(client, target, name).descriptor();
        pushed.add(threads.submit(push));
      }
      for (int i = 0; i < pushed.size(); i++) {
        ImageReference written = ImageReference.parse("many/app:" + i);
        Descriptor manifest = pushed.get(i).get();
        assertThat(layout.resolve(written).digest()).isEqualTo(manifest.digest());
      }
    } finally {
      threads.shutdownNow();
    }
    before = contents("layout");
  }
}
