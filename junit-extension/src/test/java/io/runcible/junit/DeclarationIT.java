package io.runcible.junit;

import static io.runcible.junit.Kit.SEEN;
import static io.runcible.junit.Kit.assertNoneRuns;
import static io.runcible.junit.Kit.assertPassed;
import static io.runcible.junit.ShellImage.run;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.Ready;
import io.runcible.layout.ImageLayout;
import io.runcible.network.Network;
import io.runcible.serve.RegistryServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.platform.testkit.engine.EngineExecutionResults;

/** What an annotation can say, and what tests get of it. */
@EnabledIfContainersAvailable
class DeclarationIT {
  @RegisterExtension static final Kit KIT = new Kit();

  private static final String SERVER =
      "echo $NAME >/tmp/index.html; httpd -p 8080 -h /tmp; echo up; sleep 600";

  @Test
  void containerIsAsItIsDeclared() {
    System.setProperty("declaration.directory", KIT.directory().toString());
    assertPassed(KIT.run(Declared.class), 2);
    System.clearProperty("declaration.directory");
  }

  static class Declared {
    @RunContainer(
        image = "${shell.image}",
        command = {"sh", "-c", "echo one; echo two; echo $WORD ${random} >/tmp/word; sleep 600"},
        environment = {"WORD=${declaration.word:magic}", "RANDOM_NAME=${random}"},
        user = "1234:5678",
        mounts = {"/bin/busybox:/host/busybox", "${declaration.directory}:/host/directory:ro"},
        files = {
          "files/greeting.txt:/init/deep/greeting.txt",
          "/files:/tmp/files",
          "org/jspecify/annotations:/of/an/archive",
          "org/jspecify/annotations/Nullable.class:/of/an/archive.class"
        },
        tmpfs = "/scratch",
        memory = "64m",
        cpus = 0.5,
        pids = 50,
        ready = {"log:one", "exec:test -e /tmp/word"},
        readyLog = "two")
    static Container container;

    @Test
    void sees() {
      assertThat(run(container, "id -u; id -g")).isEqualTo("1234\n5678");
      assertThat(run(container, "cat /tmp/word")).startsWith("magic ");
      String random = run(container, "echo $RANDOM_NAME");
      assertThat(random).hasSize(12);
      assertThat(run(container, "cat /tmp/word")).endsWith(random);
      assertThat(run(container, "cat /init/deep/greeting.txt /tmp/files/greeting.txt"))
          .isEqualTo("Hello,\nsaid the class path.\nHello,\nsaid the class path.");
      assertThat(run(container, "ls -ld /init/deep")).startsWith("drwxr-xr-x");
      assertThat(run(container, "ls /of/an/archive")).contains("NonNull.class", "Nullable.class");
      assertThat(run(container, "cd /of/an; busybox cmp archive/Nullable.class archive.class"))
          .isEmpty();
      assertThat(run(container, "ls /host/busybox")).isNotEmpty();
      assertThat(run(container, "touch /host/directory/x 2>/dev/null || echo refused"))
          .isEqualTo("refused");
      assertThat(run(container, "touch /scratch/x && grep ' /scratch tmpfs' /proc/mounts"))
          .contains("tmpfs");
      assertThat(container.inspect().limits().memory()).hasValue(64 << 20);
      assertThat(container.inspect().limits().cpus()).hasValue(0.5);
      assertThat(container.inspect().limits().pids()).hasValue(50);
    }

    @Test
    void imageInTheStoreIsEnoughWhereNoneIsPulled(
        @RunContainer(image = "${shell.image}", pull = RunContainer.Pull.NEVER) Container own) {
      assertThat(own.isRunning()).isTrue();
    }
  }

  /** Of a tag that moves on in its registry. */
  @Test
  void imageIsPulledAsOftenAsItIsDeclared() throws IOException {
    Path directory = Files.createDirectory(KIT.directory().resolve("moving"));
    ImageLayout layout = ImageLayout.create(directory.resolve("layout"));
    try (RegistryServer registry = RegistryServer.serve(layout).start()) {
      String image = registry.host() + "/library/shell:latest";
      System.setProperty("moving.image", image);
      ShellImage.write(layout, directory, "1");
      assertPassed(KIT.run(PulledIfMissing.class), 1);
      ShellImage.write(layout, directory, "2");
      assertPassed(KIT.run(PulledIfMissing.class), 1);
      assertPassed(KIT.run(PulledAlways.class), 1);
      assertThat(SEEN).containsExactly("1", "1", "2");
      try (ContainerEngine engine = ContainerEngine.create()) {
        engine.images().remove(image);
      }
    } finally {
      System.clearProperty("moving.image");
    }
  }

  static class PulledIfMissing {
    @Test
    void sees(@RunContainer(image = "${moving.image}") Container container) {
      SEEN.add(run(container, "echo $VERSION"));
    }
  }

  static class PulledAlways {
    @Test
    void sees(
        @RunContainer(image = "${moving.image}", pull = RunContainer.Pull.ALWAYS)
            Container container) {
      SEEN.add(run(container, "echo $VERSION"));
    }
  }

  @Test
  void portsAndUrlsAreThoseOfTheHost() {
    assertPassed(KIT.run(Published.class), 2);
    assertNoneRuns();
  }

  @RunContainer(
      name = "web",
      image = "${shell.image}",
      command = {"sh", "-c", SERVER},
      environment = "NAME=first",
      ports = "8080")
  @RunContainer(
      name = "other",
      image = "${shell.image}",
      command = {"sh", "-c", SERVER},
      environment = "NAME=of ${web.port.8080}",
      ports = "8080",
      dependsOn = "web",
      ready = "http:8080/index.html")
  static class Published {
    @HostUrl("http://web:8080/index.html")
    static URI url;

    @HostPort("other:8080")
    int port;

    @NamedContainer("web")
    Container web;

    @Test
    void get(@HostPort("web:8080") int first, @HostUrl("web:8080,other:8080") String both)
        throws IOException {
      assertThat(web.hostPort(8080)).isEqualTo(first);
      assertThat(both).isEqualTo("127.0.0.1:" + first + ",127.0.0.1:" + port);
      assertThat(text(url)).isEqualTo("first");
      assertThat(text(URI.create("http://127.0.0.1:" + port + "/index.html")))
          .isEqualTo("of " + first);
    }

    /** Not yet ready when it is only about to listen. */
    @Test
    void isReadyWhenItListens(
        @RunContainer(
                image = "${shell.image}",
                command = {"sh", "-c", "sleep 0.3; httpd -f -p 81"},
                ports = "81")
            Container slow)
        throws IOException {
      try (Socket socket = new Socket()) {
        socket.connect(slow.hostAddress(81));
        socket
            .getOutputStream()
            .write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        assertThat(socket.getInputStream().read()).isEqualTo('H');
      }
    }

    private static String text(URI url) throws IOException {
      try (InputStream in = url.toURL().openStream()) {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
      }
    }
  }

  @Test
  void containersOfANetworkFindEachOther() {
    assertPassed(KIT.run(Networked.class), 1);
    assertNoneRuns();
    try (ContainerEngine engine = ContainerEngine.create()) {
      assertThat(engine.networks().find(SEEN.get(0))).isEmpty();
    }
  }

  @RunContainer(
      name = "server",
      image = "${shell.image}",
      command = {"sh", "-c", SERVER},
      environment = "NAME=server",
      network = "shop",
      aliases = "front")
  static class Networked {
    @RunContainer(
        image = "${shell.image}",
        environment = "SERVER=${server.address}",
        network = "shop",
        dependsOn = "server")
    Container client;

    @Test
    void talk(@TestNetwork("shop") Network shop, @NamedContainer("server") Container server) {
      SEEN.add(shop.name());
      assertThat(shop.name()).startsWith("shop-");
      server.awaitReady(Ready.onLog("up"));
      String get = "printf 'GET /index.html HTTP/1.0\\r\\n\\r\\n' | nc ";
      assertThat(run(client, get + "front 8080")).endsWith("server");
      assertThat(run(client, get + "$SERVER 8080")).endsWith("server");
    }
  }

  @Test
  void whatIsWrongIsSaid() {
    assertFails(NoSuchContainer.class, "no container 'db' has been started");
    assertFails(TwoOfAName.class, "two containers have the name 'shell'");
    assertFails(Circle.class, "wait for each other");
    assertFails(NotReadable.class, "'port:http' is no port");
    assertFails(NoCondition.class, "'running' is no condition");
    assertFails(NoFile.class, "no 'no/such.file' on the class path");
    assertFails(WrongType.class, "has to be of type int");
    assertFails(NeverPulled.class, "never to be pulled");
    assertFails(AliasWithoutNetwork.class, "names on a network");
    assertFails(OnLifecycleMethod.class, "on the method begin, which is no test");
  }

  private static void assertFails(Class<?> type, String message) {
    EngineExecutionResults results = KIT.run(Map.of(), type);
    assertThat(Kit.failure(results)).contains(message);
  }

  static class NoSuchContainer {
    @Test
    void never(@HostPort("db:5432") int port) {}
  }

  @RunContainer(image = "${shell.image}", name = "shell")
  @RunContainer(image = "${shell.image}")
  static class TwoOfAName {
    @Test
    void never() {}
  }

  @RunContainer(image = "${shell.image}", name = "a", dependsOn = "b")
  @RunContainer(image = "${shell.image}", name = "b", dependsOn = "a")
  static class Circle {
    @Test
    void never() {}
  }

  @RunContainer(image = "${shell.image}", ready = "port:http")
  static class NotReadable {
    @Test
    void never() {}
  }

  @RunContainer(image = "${shell.image}", ready = "running")
  static class NoCondition {
    @Test
    void never() {}
  }

  @RunContainer(image = "${shell.image}", files = "no/such.file:/x")
  static class NoFile {
    @Test
    void never() {}
  }

  @RunContainer(image = "${shell.image}", ports = "1", ready = "log:up")
  static class WrongType {
    @HostPort("shell:1")
    String port;

    @Test
    void never() {}
  }

  @RunContainer(image = "127.0.0.1:1/no/such:image", pull = RunContainer.Pull.NEVER)
  static class NeverPulled {
    @Test
    void never() {}
  }

  @RunContainer(image = "${shell.image}", aliases = "front")
  static class AliasWithoutNetwork {
    @Test
    void never() {}
  }

  static class OnLifecycleMethod {
    @BeforeEach
    @RunContainer(image = "${shell.image}")
    void begin() {}

    @Test
    @RunContainer(image = "${shell.image}")
    void never() {}
  }
}
