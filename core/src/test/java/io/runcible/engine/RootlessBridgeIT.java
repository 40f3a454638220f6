package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Bridge networks of an ordinary user, who is made for the test, which needs root. */
class RootlessBridgeIT {
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

  @Test
  void userWithOneIdHasThemToo() throws Exception {
    assertUsual(false, "usual");
  }

  @Test
  void containersThatKeepTheUsersIdAreOnThemToo() throws Exception {
    assertUsual(true, "kept");
  }

  /** In directories with letters beyond ASCII. */
  private static void assertUsual(boolean withRange, String mode) throws Exception {
    try (TestRoot root = TestRoot.create();
        TestUser user = TestUser.create(root.path(), withRange)) {
      LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
      leaks.begin();
      try (ChildJvm jvm =
          user.jvmWithTunAndLetters("true", RootlessBridgeProgram.class, registry(), mode)) {
        assertThat(said(jvm))
            .containsEntry("alias", "db hello")
            .containsEntry("ipv6", "db hello")
            .containsEntry("published", "db you")
            .containsEntry("outbound", "from the host")
            .containsEntry("again", "db you")
            .containsEntry("named again", "db hello")
            .containsEntry("removed", "true");
      }
      leaks.verify();
    }
  }

  private static String registry() {
    String reference = ENGINE.reference("busybox");
    return reference.substring(0, reference.indexOf('/'));
  }

  /** One after the other: each starts with what the one before left. */
  @Test
  void haveThemAsRootHas() throws Exception {
    String registry = registry();
    try (TestRoot root = TestRoot.create();
        TestUser user = TestUser.create(root.path(), true)) {
      LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
      leaks.begin();
      try (ChildJvm jvm = user.jvmWithTun("true", RootlessBridgeProgram.class, registry, "all")) {
        assertAll(said(jvm));
      }
      leaks.verify();
      String port;
      try (ChildJvm jvm =
          user.jvmWithTun(WITHOUT_PASTA, RootlessBridgeProgram.class, registry, "make")) {
        port = jvm.line().split("=", 2)[1];
        jvm.kill();
      }
      try (ChildJvm jvm =
          user.jvmWithTun(WITHOUT_PASTA, RootlessBridgeProgram.class, registry, "adopt", port)) {
        assertThat(jvm.line()).isEqualTo("still=one you");
        assertThat(jvm.line()).isEqualTo("between=one hello");
        assertThat(jvm.line()).isEqualTo("again=one you, one hello");
        assertThat(jvm.line()).isEqualTo("up=1");
        jvm.kill();
      }
      leaks.verify();
    }
  }

  private static void assertAll(Map<String, String> said) {
    assertThat(said)
        .containsEntry("labels", "{a=b}")
        .containsEntry("alias", "db hello")
        .containsEntry("published", "db you")
        .containsEntry("outbound", "from the host")
        .containsEntry("outbound without [program]", "from the host")
        .containsEntry("outbound without [shell, program]", "from the host")
        .containsEntry("outbound after all", "from the host")
        .containsEntry("outbound without [shell]", "true from the host")
        .containsEntry("names", "0")
        .containsEntry("connected", "db hello")
        .containsEntry("disconnected", "0 eth0 lo")
        .containsEntry("anywhere", "anywhere you")
        .containsEntry("inside", "inside you")
        .containsEntry("routes", "0")
        .containsEntry("devices", "eth0 eth1 lo")
        .containsEntry("left", "0");
    assertThat(said.get("apart")).doesNotContain("hello").contains("timed out");
    assertThat(said.get("apart ipv6")).doesNotContain("hello").contains("timed out");
    assertThat(said.get("used")).startsWith("FAILED_PRECONDITION").contains("[db, app]");
    assertThat(said.get("inner")).startsWith("UNSUPPORTED").contains("no way out");
  }

  private static Map<String, String> said(ChildJvm jvm) {
    Map<String, String> said =
        jvm.rest().stream()
            .map(line -> line.split("=", 2))
            .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
    assertThat(jvm.waitFor()).as("%s", said).isZero();
    return said;
  }
}
