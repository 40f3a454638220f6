package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.IdRange;
import io.runcible.archive.TarEntry;
import io.runcible.archive.TarReader;
import io.runcible.network.Network;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Containers whose root is an ordinary id of the host. */
class UserNamespaceIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final List<IdRange> FIXED =
      List.of(new IdRange(0, 700_000, 1000), new IdRange(1000, 800_000, 1));

  @TempDir Path directory;

  @BeforeAll
  static void needRoot() {
    HostTools.requireRoot();
    HostTools.requireProgram("unshare", "util-linux");
  }

  private static ContainerSpec.Builder sleeping() {
    return ENGINE.sh("echo up >/dev/stdout; sleep 600").userNamespace(UserNamespace.auto());
  }

  private static String sh(Container container, String script) {
    return TestEngine.ended(container.exec("sh", "-c", script)).output();
  }

  private static String as(Container container, String user, String script) {
    ExecSpec spec = ExecSpec.builder("sh", "-c", script).user(user).build();
    return TestEngine.ended(container.exec(spec)).output();
  }

  /** The id on the host of what is 0 inside. */
  private static long base(Container container) {
    String[] map = sh(container, "cat /proc/self/uid_map").split(" +", -1);
    assertThat(map).hasSize(3).startsWith("0").endsWith("65536");
    return Long.parseLong(map[1]);
  }

  private static String owner(Path file) throws IOException {
    return Files.getAttribute(file, "unix:uid") + ":" + Files.getAttribute(file, "unix:gid");
  }

  /** Where the root of a container finds its root file system. */
  private static Path placeOf(Container container) throws IOException {
    return Files.readSymbolicLink(ENGINE.directory(container).resolve("mounts/root"));
  }

  private static void assertFails(ErrorKind kind, ContainerSpec.Builder spec, String text) {
    assertThatThrownBy(() -> ENGINE.run(spec))
        .isInstanceOfSatisfying(RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .hasMessageContaining(text);
  }

  private static Map<String, TarEntry> entries(ByteArrayOutputStream tar) throws IOException {
    TarReader reader =
        new TarReader(new ByteArrayInputStream(tar.toByteArray()), ArchiveLimits.DEFAULT);
    Map<String, TarEntry> entries = new TreeMap<>();
    for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
      entries.put(entry.name(), entry);
    }
    return entries;
  }

  @Test
  void rootIsAnOrdinaryIdOfTheHost() throws IOException {
    ContainerSpec spec =
        sleeping()
            .memory("64m")
            .ulimit("nofile", 999, 999)
            .addCapability("SYS_ADMIN")
            .device(Device.of(Path.of("/dev/kmsg")))
            .build();
    try (Container container = ENGINE.get().run(spec)) {
      container.awaitReady(Ready.onLog("up"));
      long base = base(container);
      assertThat(base).isGreaterThan(2_000_000_000);
      assertThat(Files.readString(Path.of("/proc/" + container.pid().getAsInt() + "/status")))
          .containsPattern("Uid:\t" + base + "\t");
      assertThat(sh(container, "stat -c %u:%g / /bin /etc/passwd /etc/hosts /home/app"))
          .isEqualTo("0:0\n0:0\n0:0\n0:0\n1000:1000");
      // To append: what crun gives the program is the file of the log itself.
      assertThat(as(container, "app", "id -u; touch /home/app/f; echo out >>/dev/stdout"))
          .isEqualTo("1000\nout");
      Path upper = ENGINE.directory(container).resolve("upper");
      assertThat(owner(upper.resolve("home/app/f"))).isEqualTo((base + 1000) + ":" + (base + 1000));
      assertThat(container.top()).extracting(ProcessInfo::user).contains("root");
      // All that is the container's, and nothing of the host's.
      assertThat(
              sh(container, "mount -t tmpfs x /tmp && cat /proc/1/environ >/dev/null && echo ok"))
          .isEqualTo("ok");
      String kernel =
          "mount -o remount,bind,rw /proc/sys && echo ok; cd /proc/sys/vm; old=$(cat swappiness);"
              + " echo $old >swappiness || echo refused; mknod /node c 1 3 || echo refused";
      assertThat(sh(container, kernel)).isEqualTo("ok\nrefused\nrefused");
      Path place = placeOf(container);
      assertThat(owner(place)).isEqualTo("0:" + base);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(place)))
          .isEqualTo("rwx--x---");

      container.pause();
      assertThat(container.isPaused()).isTrue();
      container.resume();
      assertThat(container.stats().usage().memory()).isPresent();

      assertThat(sh(container, "ulimit -n; test -c /dev/full && stat -c %t:%T /dev/kmsg"))
          .isEqualTo("999\n1:b");
      container.restart(Duration.ZERO);
      assertThat(sh(container, "stat -c %u:%g /home/app/f")).isEqualTo("1000:1000");
      assertThat(base(container)).isEqualTo(base);
    }
  }

  @Test
  void filesComeAndGoWithTheOwnersInside() throws IOException {
    Path file = Files.writeString(directory.resolve("f"), "content");
    ContainerSpec spec = sleeping().mount(Mount.bind(directory, "/bind")).build();
    try (Container container = ENGINE.get().run(spec)) {
      ContainerFiles files = container.files();
      files.copyTo(file, "/tmp/in");
      as(container, "app", "mkdir /home/app/d && echo x >/home/app/d/x");
      sh(container, "rm /etc/group && cp /bin/busybox /setuid && chmod 4755 /setuid");
      assertThat(sh(container, "stat -c %u:%g /tmp/in")).isEqualTo("0:0");
      ByteArrayOutputStream tar = new ByteArrayOutputStream();
      files.copyFrom("/home/app/d", tar);
      assertThat(entries(tar).get("d/x").uid()).isEqualTo(1000);
      files.copyTo(new ByteArrayInputStream(tar.toByteArray()), "/home");
      assertThat(sh(container, "stat -c %u:%g /home/d/x")).isEqualTo("1000:1000");
      files.copyFrom("/home/app/d/x", directory.resolve("out"));
      assertThat(owner(directory.resolve("out"))).isEqualTo("0:0");
      assertThat(files.diff().toString())
          .contains("/home/app/d/x", "/etc/group", "/tmp/in", "/setuid")
          .doesNotContain("/etc/passwd");
      ByteArrayOutputStream bound = new ByteArrayOutputStream();
      files.copyFrom("/bind/f", bound);
      assertThat(entries(bound).get("f").uid()).isEqualTo(65534);
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      files.export(all);
      assertThat(entries(all).get("home/app/d/x").uid()).isEqualTo(1000);
      assertThat(entries(all).get("bin/busybox").uid()).isZero();
      container.kill("KILL");
      container.waitFor();
      files.copyTo(file, "/tmp/later");
      container.commit("registry.example/mapped:1", config -> {});
    }
    String look = "stat -c %u:%g:%a / /home/app/d/x /tmp/in /tmp/later /setuid; ls /etc";
    String wanted = "0:0:755\n1000:1000:644\n0:0:644\n0:0:644\n0:0:4755\nhostname\nhosts\npasswd";
    ContainerSpec.Builder again =
        ContainerSpec.builder("registry.example/mapped:1").command("sh", "-c", look);
    assertThat(ENGINE.run(again).output()).isEqualTo(wanted);
    assertThat(ENGINE.run(again.userNamespace(UserNamespace.auto())).output()).isEqualTo(wanted);
  }

  @Test
  void changesAreThoseWithoutANamespace() {
    List<String> found = new ArrayList<>();
    for (UserNamespace ids : List.of(UserNamespace.host(), UserNamespace.auto())) {
      ContainerSpec.Builder spec =
          sleeping().userNamespace(ids).mount(Mount.tmpfs("/home/app/deep/er"));
      try (Container container = ENGINE.get().run(spec.build())) {
        sh(container, "touch /etc/new && chmod 711 /home && rm /etc/group");
        found.add(container.files().diff().toString());
      }
    }
    assertThat(found.get(0)).contains("/etc/new", "/etc/group");
    assertThat(found.get(1)).isEqualTo(found.get(0));
  }

  @Test
  void whatIsMountedBelongsToTheContainer() throws IOException {
    Path open = Files.createDirectory(directory.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    Path mine = Files.writeString(directory.resolve("mine"), "x");
    Path under = Files.createDirectory(directory.resolve("under"));
    Files.writeString(under.resolve("f"), "x");
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").build())) {
      sh(container, "mkdir -p /data && echo x >/data/x && chown 1000:1000 /data/x /data");
      container.commit("registry.example/volumes:1", config -> config.volumes(Set.of("/data")));
    }
    ContainerSpec.Builder spec =
        ContainerSpec.builder("registry.example/volumes:1")
            .userNamespace(UserNamespace.auto())
            .mount(Mount.volume("named", "/v"))
            .mount(Mount.volume("filled", "/etc"))
            .mount(Mount.bind(open, "/bind"))
            .mount(Mount.bind(mine, "/mapped").idMapped(one(0, 0), one(0, 0)))
            .mount(Mount.tmpfs("/deep/er/t"))
            .mount(Mount.file(new byte[1], "/file", 0600))
            .mount(Mount.overlay(under, "/over"))
            .mount(Mount.image(ENGINE.reference("busybox"), "/image"));
    String script =
        """
        stat -c %u:%g /data /data/x /v /etc/passwd /bind /mapped /deep /deep/er/t /file /image/etc
        stat -c %u:%g /over /over/f
        touch /v/new /data/new /deep/er/t/new /over/new && cat /file >/dev/null
        echo y >/over/f && chown 1000:1000 /over/f
        cp /bin/busybox /bind/su && chmod 4755 /bind/su && cp -p /bind/su /v
        echo y >/mapped && chown 1000:1000 /v/new
        """;
    String wanted =
        "1000:1000\n1000:1000\n0:0\n0:0\n65534:65534\n0:0\n0:0\n0:0\n0:0\n0:0\n0:0\n0:0\n";
    assertThat(ENGINE.run(spec.command("sh", "-ec", script)).output() + "\n").isEqualTo(wanted);
    assertThat(mine).hasContent("y\n");
    assertThat(under.resolve("f")).hasContent("x");
    assertThat(under.resolve("new")).doesNotExist();
    // A set-id program there is nobody's but the container's.
    long uid = ((Integer) Files.getAttribute(open.resolve("su"), "unix:uid")).longValue();
    assertThat(uid).isGreaterThan(2_000_000_000);
    // The next container has other ids, or the host's, and sees the same.
    String look = "stat -c %u:%g /v /v/new /v/su";
    for (UserNamespace next : List.of(UserNamespace.mapped(FIXED, FIXED), UserNamespace.host())) {
      assertThat(
              ENGINE
                  .run(ENGINE.sh(look).userNamespace(next).mount(Mount.volume("named", "/v")))
                  .output())
          .isEqualTo("0:0\n1000:1000\n0:0");
    }
    ENGINE.get().volumes().prune();
  }

  private static List<IdRange> one(long inside, long outside) {
    return List.of(new IdRange(inside, outside, 1));
  }

  @Test
  void everyContainerHasItsOwnIds() {
    long first;
    try (Container one = ENGINE.get().run(sleeping().build());
        ContainerEngine other = ENGINE.open();
        Container two = other.run(sleeping().userNamespace(UserNamespace.auto(2000)).build())) {
      first = base(one);
      String[] map = sh(two, "cat /proc/self/gid_map").split(" +", -1);
      assertThat(map).hasSize(3).startsWith("0").endsWith("2000");
      long second = Long.parseLong(map[1]);
      assertThat(second + 2000 <= first || first + 65536 <= second).isTrue();
      assertThatThrownBy(() -> as(two, "2000", "true"))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT))
          .hasMessageContaining("user 2000");
    }
  }

  @Test
  void fixedIdsAreTaken() {
    UserNamespace fixed = UserNamespace.mapped(FIXED, FIXED);
    assertThat(
            ENGINE
                .run(
                    ENGINE
                        .sh("cat /proc/self/uid_map | tr -s ' '; id -u; stat -c %u /home/app")
                        .user("1000:1000")
                        .userNamespace(fixed))
                .output())
        .isEqualTo("0 700000 1000\n 1000 800000 1\n1000\n1000");
    assertFails(
        ErrorKind.INVALID_INPUT, ENGINE.sh("true").user("1001").userNamespace(fixed), "user 1001");
    assertFails(
        ErrorKind.INVALID_INPUT,
        ENGINE
            .sh("true")
            .userNamespace(fixed)
            .mount(Mount.bind(directory, "/d").idMapped(one(5000, 0), one(0, 0))),
        "lacks");
    assertFails(
        ErrorKind.UNSUPPORTED,
        ENGINE
            .sh("true")
            .userNamespace(fixed)
            .mount(Mount.bind(directory, "/d").propagation(Mount.Propagation.SHARED)),
        "SLAVE");
    assertFails(
        ErrorKind.UNSUPPORTED,
        ENGINE.sh("true").userNamespace(fixed).device(Device.of(Path.of("/dev/kmsg")).at("/dev/x")),
        "another path");
    for (Network others : List.of(Network.container("x"), Network.USER)) {
      assertFails(
          ErrorKind.UNSUPPORTED, ENGINE.sh("true").userNamespace(fixed).network(others), "join");
    }
    for (List<IdRange> wrong :
        List.of(
            List.<IdRange>of(), one(1, 1), one(0, 1L << 31), List.of(FIXED.get(0), FIXED.get(0)))) {
      assertThatThrownBy(() -> UserNamespace.mapped(wrong, FIXED))
          .isInstanceOfSatisfying(
              RuncibleException.class,
              e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
    }
  }

  @Test
  void networksBelongToIt() {
    try (TestHost host = TestHost.create()) {
      host.run(
          () -> {
            try (ContainerEngine engine = ENGINE.open();
                Container server =
                    engine.run(
                        sleeping()
                            .name("server")
                            .command("sh", "-c", "echo hi >/index.html; httpd -f -p 80 -h /")
                            .network(Network.BRIDGE)
                            .build());
                Container client =
                    engine.run(
                        sleeping().network(Network.BRIDGE).addCapability("NET_ADMIN").build());
                Container shared =
                    engine.run(
                        sleeping()
                            .userNamespace(UserNamespace.host())
                            .network(Network.container("server"))
                            .build());
                Container ofHost =
                    engine.run(
                        sleeping()
                            .network(Network.HOST)
                            .addCapability("NET_ADMIN")
                            .memory("64m")
                            .build())) {
              assertThat(
                      sh(client, "timeout 20 sh -c 'until wget -qO - http://server; do :; done'"))
                  .isEqualTo("hi");
              assertThat(sh(shared, "wget -qO - http://127.0.0.1")).isEqualTo("hi");
              assertThat(sh(client, "ls /sys/class/net; cat /proc/sys/net/ipv4/ping_group_range"))
                  .isEqualTo("eth0\nlo\n0\t0");
              assertThat(sh(client, "ip link set lo down && ip link set lo up && echo ok"))
                  .isEqualTo("ok");
              assertThat(sh(ofHost, "ip link set lo down || echo refused")).isEqualTo("refused");
              assertThat(sh(ofHost, "ls /sys/class/net; ip -o link | wc -l")).contains("lo");
              // Its own control group, and not those of the host.
              assertThat(
                      sh(
                          ofHost,
                          "cd /sys/fs/cgroup; cat memory.max memory/memory.limit_in_bytes; touch x"
                              + " || echo refused"))
                  .isEqualTo("67108864\nrefused");
              assertThat(server.isRunning()).isTrue();
            }
            try (ContainerEngine engine = ENGINE.open()) {
              engine.networks().prune();
            }
          });
      host.verify();
    }
  }

  @Test
  void detachedOneIsAdopted() throws IOException {
    String id;
    long base;
    Path place;
    try (ContainerEngine first = ENGINE.open()) {
      Container container = first.run(sleeping().detached().build());
      container.awaitReady(Ready.onLog("up"));
      id = container.id();
      base = base(container);
      place = placeOf(container);
    }
    assertThat(place).isDirectory();
    try (Container container = ENGINE.get().find(id).orElseThrow();
        Container other = ENGINE.get().run(sleeping().build())) {
      assertThat(base(container)).isEqualTo(base);
      assertThat(base(other)).isNotEqualTo(base);
      container.files().copyTo(new ByteArrayInputStream(new byte[1024]), "/tmp");
      container.restart(Duration.ZERO);
      assertThat(base(container)).isEqualTo(base);
      assertThat(container.kill("KILL")).isTrue();
      assertThat(container.waitFor().code()).isEqualTo(137);
    }
    assertThat(place).doesNotExist();
  }

  @Test
  void nothingIsLeftOfOneWhoseRecordIsDamaged() throws IOException {
    Path place;
    try (ContainerEngine first = ENGINE.open()) {
      Container container = first.run(sleeping().detached().build());
      place = placeOf(container);
      assertThat(place).isDirectory();
      Files.writeString(ENGINE.directory(container).resolve("container.json"), "{");
      // As long as it runs, it stays.
      container.kill("KILL");
      Path exit = ENGINE.directory(container).resolve("exit");
      RestartIT.await(() -> Files.exists(exit));
    }
    ENGINE.open().close();
    assertThat(place).doesNotExist();
  }

  @Test
  void nothingIsLeftOfAKilledJvm() throws Exception {
    Path place;
    try (ChildJvm jvm =
        ChildJvm.start(
            EngineProgram.class,
            "map-and-wait",
            ENGINE.root().path(),
            ENGINE.reference("busybox"))) {
      assertThat(jvm.line()).isEqualTo("running");
      place =
          HostResources.list(ENGINE.root().data().resolve("containers"), "*").stream()
              .map(container -> HostResources.link(container.resolve("mounts/root")))
              .filter(link -> !link.isEmpty())
              .map(Path::of)
              .findFirst()
              .orElseThrow();
      assertThat(place).isDirectory();
      jvm.kill();
    }
    // By the watchdog alone.
    for (int i = 0; i < 600 && Files.exists(place); i++) {
      Thread.sleep(100);
    }
    assertThat(place).doesNotExist();
    ENGINE.open().close();
    assertThat(ENGINE.get().list()).isEmpty();
    ENGINE.get().networks().prune();
  }
}
