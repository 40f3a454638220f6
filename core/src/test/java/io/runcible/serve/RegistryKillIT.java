package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.ChildJvm;
import io.runcible.image.ImageReference;
import io.runcible.image.Samples;
import io.runcible.layout.ImageLayout;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What outlives a server that is killed, and clients that never end; takes a minute. */
class RegistryKillIT {
  private static final ImageReference APP = ImageReference.parse("team/app:1");

  @TempDir Path temporary;
  private Path directory;

  @BeforeEach
  void create() {
    directory = temporary.resolve("layout");
    Samples.put(ImageLayout.create(directory), APP, "one");
  }

  /** Serves a layout until it is killed. */
  static final class Program {
    private Program() {}

    public static void main(String[] arguments) throws Exception {
      ImageLayout layout = ImageLayout.open(Path.of(arguments[0]));
      System.out.println(RegistryServer.serve(layout).writable().start().address().getPort());
      Thread.sleep(Long.MAX_VALUE);
    }
  }

  private List<String> temporaryFiles() throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files
          .map(file -> directory.relativize(file).toString())
          .filter(name -> name.contains(".runcible-"))
          .filter(name -> !name.endsWith("lock") && !name.equals(".runcible-uploads"))
          .toList();
    }
  }

  /** Sends the head of a request and some bytes of its body, which never ends. */
  private static Socket begin(int port, String method, String path) throws IOException {
    Socket socket = new Socket("127.0.0.1", port);
    String head = method + " " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";
    socket.getOutputStream().write((head + "x".repeat(500_000)).getBytes(UTF_8));
    return socket;
  }

  private static String location(int port) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      String post = "POST /v2/team/app/blobs/uploads/ HTTP/1.1\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(post.getBytes(UTF_8));
      String answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
      return answer.replaceAll("(?s).*\r\nLocation: (\\S+).*", "$1");
    }
  }

  @Test
  void theNextServerRemovesWhatAKilledOneLeft() throws Exception {
    List<Socket> sockets = new ArrayList<>();
    try (ChildJvm killed = ChildJvm.start(Program.class, directory)) {
      int port = Integer.parseInt(killed.line());
      String digest = "?digest=sha256:" + "0".repeat(64);
      sockets.add(begin(port, "PATCH", location(port)));
      sockets.add(begin(port, "PUT", location(port) + digest));
      while (temporaryFiles().size() < 3) {
        assertThat(killed.isAlive()).isTrue();
        Thread.sleep(20);
      }
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
    assertThat(temporaryFiles()).hasSize(3);
    ImageLayout layout = ImageLayout.open(directory);
    try (RegistryServer server = RegistryServer.serve(layout).writable().start()) {
      Samples.put(layout, APP.withTag("2"), "two");
      assertThat(temporaryFiles()).hasSize(1);
      assertThat(server.host()).isNotEmpty();
    }
    assertThat(temporaryFiles()).isEmpty();
    assertThat(layout.tags(APP)).containsExactly("1", "2");
  }

  @Test
  void aClientThatTricklesIsDropped() throws Exception {
    try (RegistryServer server = RegistryServer.serve(ImageLayout.open(directory)).start();
        Socket socket = new Socket("127.0.0.1", server.address().getPort())) {
      socket.getOutputStream().write("GET /v2/ HTTP/1.1\r\nA: ".getBytes(UTF_8));
      Thread trickle = new Thread(() -> trickle(socket));
      trickle.start();
      int answer;
      try {
        answer = socket.getInputStream().read();
      } catch (IOException e) {
        answer = -1;
      }
      assertThat(answer).isEqualTo(-1);
      trickle.join();
    }
  }

  private static void trickle(Socket socket) {
    try {
      while (!socket.isClosed()) {
        socket.getOutputStream().write('a');
        Thread.sleep(500);
      }
    } catch (IOException | InterruptedException e) {
      // Dropped.
    }
  }
}
