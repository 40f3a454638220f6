package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.HostTools;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Ports of an ordinary user's containers; the user is made for the test, which needs root. */
class RootlessPublishIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final String WITHOUT_PASTA = "mount --bind /dev/null /usr/bin/pasta";

  @BeforeAll
  static void needPrograms() {
    RootlessIT.needPrograms();
    HostTools.requireFile("/dev/net/tun", "kmod, and then: modprobe tun");
    HostTools.requireProgram("pasta", "passt");
    HostTools.requireProgram("slirp4netns", "slirp4netns");
    HostTools.requireProgram("nft", "nftables");
  }

  private static String registry() {
    String reference = ENGINE.reference("busybox");
    return reference.substring(0, reference.indexOf('/'));
  }

  private interface Use {
    void of(ChildJvm jvm) throws Exception;
  }

  private static void with(boolean range, boolean tun, String script, String mode, Use use)
      throws Exception {
    try (TestRoot root = TestRoot.create();
        TestUser user = TestUser.create(root.path(), range)) {
      LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
      leaks.begin();
      Object[] arguments = {registry(), mode};
      try (ChildJvm jvm =
          tun
              ? user.jvmWithTun(script, RootlessPublishProgram.class, arguments)
              : user.jvm(RootlessPublishProgram.class, arguments)) {
        use.of(jvm);
      }
      leaks.verify();
    }
  }

  private static Map<String, String> said(ChildJvm jvm) {
    Map<String, String> said =
        jvm.rest().stream()
            .map(line -> line.split("=", 2))
            .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
    assertThat(jvm.waitFor()).as("%s", said).isZero();
    return said;
  }

  private static void assertTcp(Map<String, String> said) {
    assertThat(said)
        .containsEntry("before", "ConnectException")
        .containsEntry("tcp", "hello you")
        .containsEntry("many", "50")
        .containsEntry("stolen", "false")
        .containsEntry("ended", "ConnectException")
        .containsEntry("removed", "ConnectException");
  }

  @Test
  void pastaPublishes() throws Exception {
    with(true, true, "true", "all", jvm -> assertAll(said(jvm)));
  }

  @Test
  void pastaPublishesForAUserWithOneId() throws Exception {
    with(false, true, "true", "tcp", jvm -> assertTcp(said(jvm)));
  }

  private static void assertAll(Map<String, String> said) {
    assertTcp(said);
    assertThat(said)
        .containsEntry("udp", "ABC")
        .containsEntry("udp6", "ABC")
        .containsEntry("tcp6", "hello you")
        .containsEntry("bridged", "ABC")
        .containsEntry("bridged6", "ABC")
        .containsEntry("kept", "hello you")
        .containsEntry("loopback", "2")
        .containsEntry("reached", "false")
        .containsEntry("resolver", "true")
        .containsEntry("taken", "true");
    assertThat(said.get("explicit")).startsWith("UNSUPPORTED").contains("Network.USER");
    assertThat(said.get("host")).startsWith("INVALID_INPUT");
    assertThat(said.get("low")).startsWith("PERMISSION_DENIED").contains("127.0.0.1:99");
  }

  @Test
  void slirp4netnsPublishes() throws Exception {
    with(true, true, WITHOUT_PASTA, "tcp", jvm -> assertTcp(said(jvm)));
  }

  @Test
  void missingProgramsAreNamed() throws Exception {
    with(
        true,
        true,
        WITHOUT_PASTA + " && mount --bind /dev/null /usr/bin/slirp4netns",
        "create",
        jvm ->
            assertThat(said(jvm).get("create"))
                .startsWith("UNSUPPORTED")
                .contains("apt-get install passt"));
  }

  @Test
  void deviceThatTheUserMayNotOpenIsNamed() throws Exception {
    with(
        true,
        true,
        "chmod 600 /dev/net/tun",
        "create",
        jvm ->
            assertThat(said(jvm).get("create")).startsWith("UNSUPPORTED").contains("/dev/net/tun"));
  }

  @Test
  void killedProcessTakesTheProgramWithIt() throws Exception {
    for (String script : List.of("true", WITHOUT_PASTA)) {
      with(
          true,
          true,
          script,
          "wait",
          jvm -> {
            assertThat(jvm.line()).isEqualTo("tcp=hello you");
            int port = Integer.parseInt(jvm.line().split("=", 2)[1]);
            jvm.kill();
            awaitRefusal(port);
          });
    }
  }

  private static void awaitRefusal(int port) throws Exception {
    for (int i = 0; i < 3000; i++) {
      try {
        new Socket(InetAddress.getLoopbackAddress(), port).close();
        Thread.sleep(10);
      } catch (ConnectException e) {
        return;
      } catch (SocketException e) {
        // It was being connected when the server stopped to listen: once more.
      }
    }
    assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), port).close())
        .isInstanceOf(ConnectException.class);
  }
}
