package io.runcible.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.ProgressEvent;
import io.runcible.ProgressListener;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.IdRange;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.image.HealthCheck;
import io.runcible.image.Image;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.network.Network;
import io.runcible.registry.RegistryClient;
import io.runcible.transfer.ImageCopy;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;

/**
 * What an ordinary user does with the engine and its default directories: the main class of a
 * second JVM, which says on its output what it saw.
 */
final class RootlessProgram {
  private final ContainerEngine engine;
  private final String registry;

  private RootlessProgram(ContainerEngine engine, String registry) {
    this.engine = engine;
    this.registry = registry;
  }

  public static void main(String[] args) {
    try (ContainerEngine engine = TestRoot.builder().policy(new HostPolicy(List.of())).build()) {
      new RootlessProgram(engine, args[0]).all();
    }
  }

  private void all() {
    say("limits", withinLimits());
    say("exit", run(sh("busybox", "exit 42")).code());
    say("ids", output(sh("busybox", "id -u; id -g")));
    say("network", output(sh("busybox", "ls /sys/class/net")));
    say("host", output(sh("busybox", "ls /sys/class/net | wc -l").network(Network.HOST)));
    say("confined", output(sh("busybox", "grep -E 'Seccomp:|NoNewPrivs' /proc/self/status")));
    say("memory", output(sh("busybox", "echo fine").memory("64m")));
    say("readonly", output(sh("busybox", "touch /x 2>&1 | grep -c Read-only").readOnlyRoot()));
    say("owners", output(sh("slim", "stat -c %g /etc/shadow; stat -c %a:%n /usr/bin/passwd")));
    say("removal", output(sh("slim", "rm -r /usr/share/doc && ls /usr/share | grep -c ^doc$")));
    say("chown", output(sh("slim", "touch /f && chown 33:44 /f && stat -c %u:%g /f")));
    say("user", output(sh("slim", "id -u").user("www-data")));
    say("closed", engineIn("/root/runcible"));
    say("bridge", output(sh("busybox", "true").network(Network.named("back"))));
    say("unmounted at once", unmountedAtOnce());
    detached();
    lifecycle();
    operations();
    storage();
    store();
    keptId();
    say("count", engine.list().size());
    say("left", run(sh("busybox", "sleep 600").name("left")).code());
  }

  /** As a watchdog and an engine do that clean up after the same one. */
  private static Object unmountedAtOnce() {
    try (PrivilegedHost host = PrivilegedHost.open()) {
      Path target = Files.createDirectory(Path.of(System.getenv("HOME"), "mounted"));
      for (int i = 0; i < 10; i++) {
        host.mountMemory(target, 1 << 20);
        CompletableFuture.allOf(
                Stream.generate(
                        () ->
                            CompletableFuture.runAsync(
                                () -> host.unmount(target), work -> new Thread(work).start()))
                    .limit(4)
                    .toArray(CompletableFuture[]::new))
            .join();
      }
      return "fine";
    } catch (IOException | CompletionException e) {
      return e;
    }
  }

  /** Another engine takes it over. */
  private void detached() {
    ContainerSpec.Builder spec =
        sh("busybox", "echo up; until [ -e /end ]; do sleep 0.05; done; exit 7");
    engine.run(spec.name("detached").detached().log(LogPolicy.cri()).build());
    try (ContainerEngine other = TestRoot.builder().policy(new HostPolicy(List.of())).build();
        Container same = other.find("detached").orElseThrow()) {
      int code = same.exec("sh", "-c", "exit 5").waitFor().code();
      // Ended with the container, or before it.
      same.exec("touch", "/end").waitFor();
      int end = same.waitFor().code();
      say("detached", code + " " + end + " " + same.logs().text().strip());
    }
  }

  /** A container whose process has another id on the host than its owner. */
  private void lifecycle() {
    ContainerSpec.Builder spec = sh("busybox", "echo up; sleep 600");
    try (Container container = engine.run(spec.build())) {
      container.awaitReady(Ready.onLog("up"));
      say("exec", container.exec("sh", "-c", "exit 3").waitFor().code());
      say("killed", container.kill("KILL") + " " + container.waitFor().code());
    }
    try (Container container = engine.run(spec.user("app").build())) {
      container.awaitReady(Ready.onLog("up"));
      say("stopped", container.stop(Duration.ZERO).code());
    } catch (RuncibleException e) {
      say("stopped", e.kind());
    }
  }

  /** The caller's files are the user's, and root is somebody else. */
  private void keptId() {
    try {
      Path own = Files.createDirectory(Path.of(System.getenv("HOME"), "kept"));
      Files.writeString(own.resolve("f"), "host");
      String uid = Files.getAttribute(own, "unix:uid").toString();
      String gid = Files.getAttribute(own, "unix:gid").toString();
      Mount bind = Mount.bind(own, "/o");
      String look =
          "id -u; id -g; stat -c %u:%g /o/f; cat /o/f; touch /o/made; stat -c %u:%g / /etc";
      ContainerSpec kept =
          sh("slim", look + "; echo up; sleep 600")
              .userNamespace(UserNamespace.keepId())
              .mount(bind)
              .mount(Mount.tmpfs("/t"))
              .build();
      try (Container container = engine.run(kept)) {
        container.awaitReady(Ready.onLog("^up"));
        String me = uid + ":" + gid;
        say(
            "kept id",
            container.logs().text().equals(uid + "\n" + gid + "\n" + me + "\nhost0:0\n0:0\nup\n"));
        say(
            "kept made",
            Files.getAttribute(own.resolve("made"), "unix:uid").toString().equals(uid));
        ExecSpec root =
            ExecSpec.builder(
                    "sh",
                    "-c",
                    "id -u; stat -c %u:%g /o/f; touch /root/x /o/x; stat -c %a:%u:%g"
                        + " /usr/bin/passwd /etc/shadow; chown 33:44 /root/x && stat -c %u:%g"
                        + " /root/x")
                .user("0")
                .build();
        say("kept root", output(container.exec(root)).replace(me, "me").replace('\n', ' '));
        say("kept by root", Files.exists(own.resolve("x")));
        say("kept diff", container.files().diff());
        keptCommit(container);
        say("kept place", keptPlaces(uid));
        ByteArrayOutputStream tar = new ByteArrayOutputStream();
        container.files().copyFrom("/root/x", tar);
        container.files().copyTo(new ByteArrayInputStream(tar.toByteArray()), "/tmp");
        say("kept copy", output(container.exec("stat", "-c", "%u:%g", "/tmp/x")));
        container.restart(Duration.ZERO);
        say("kept again", output(container.exec("stat", "-c", "%u:%g", "/tmp/x")));
      }
      say("kept place after", keptPlaces(uid));
      say("kept primed", kind(() -> engine.prime(kept, Priming.of("kept", unused -> {}))));
      say(
          "kept other",
          output(
                  sh("busybox", "id -u; stat -c %u /o/f; readlink /proc/self/ns/user")
                      .userNamespace(UserNamespace.keepId(7, 8))
                      .network(Network.HOST)
                      .mount(bind))
              .replaceAll("user:.*", "user"));
      say(
          "kept named",
          output(sh("busybox", "id -u").userNamespace(UserNamespace.keepId()).user("root")));
      say(
          "kept volume",
          output(
              sh("busybox", "true")
                  .userNamespace(UserNamespace.keepId())
                  .mount(Mount.volume("own", "/v"))));
    } catch (IOException | RuncibleException e) {
      say("kept id", e);
    }
  }

  /** With the owners that it has inside, also where the image is run without that. */
  private void keptCommit(Container container) {
    String name = "registry.example/kept:1";
    Image image = container.commit(name, config -> {});
    String look = "stat -c %u:%g /root/x /etc /usr/bin/passwd; stat -c %a /usr/bin/passwd";
    ContainerSpec.Builder committed = ContainerSpec.builder(name).command("sh", "-c", look);
    say("kept commit", image.config().diffIds().size() + " " + output(committed));
    engine.images().remove(name);
  }

  /** How many root file systems a user has where root of their containers finds them. */
  private static long keptPlaces(String uid) throws IOException {
    long count = 0;
    try (DirectoryStream<Path> places =
        Files.newDirectoryStream(Path.of("/var/tmp"), "runcible-root-*")) {
      for (Path place : places) {
        try {
          boolean own = Files.getAttribute(place, "unix:uid").toString().equals(uid);
          if (own && Files.exists(place.resolve("fs").resolve(RootPlace.STICKY))) {
            count++;
          }
        } catch (NoSuchFileException e) {
          // Another user's, who has just removed it.
        }
      }
    }
    return count;
  }

  /** Files of another id than the caller's, a terminal, and what needs control groups. */
  private void operations() {
    try (Container container = engine.run(sh("busybox", "sleep 600").build())) {
      say("paused", kind(container::pause));
      say("stats", kind(container::stats));
      say("limited", kind(() -> container.update(Limits.unchanged().withPids(9))));
      container.exec("sleep", "500");
      say("top", container.top().stream().map(p -> p.pid() > 0 ? p.user() : "?").toList());
      exec(container, "mkdir -p /d && echo x >/d/x && chmod 600 /d/x; chown 12:34 /d/x");
      files(container);
      exec(container, "rm /etc/group");
      say("diff", container.files().diff());
      Image image = container.commit("registry.example/made:1", config -> {});
      say("layers", image.config().diffIds().size());
      say(
          "committed",
          output(ContainerSpec.builder("registry.example/made:1").command("cat", "/d/x")));
      container.restart(Duration.ZERO);
      say("restarted", output(container.exec("cat", "/d/x")));
    }
    // The runtime may be at work on it until then, and crun 1.8 drops what is written at the end.
    String sized =
        "until stty size | grep -q '^9 8$'; do sleep 0.01; done; stty size; read -r end; exit 8";
    try (Container container = engine.run(sh("busybox", sized).tty(9, 8).build())) {
      ContainerProcess process = container.process();
      say(
          "terminal",
          new BufferedReader(new InputStreamReader(process.stdout(), UTF_8)).readLine());
      process.stdin().write('\n');
      process.stdin().flush();
      say("terminated", container.waitFor().code());
    } catch (IOException e) {
      say("terminal", e);
    }
    HealthCheck check = HealthCheck.command("true").every(Duration.ofMillis(10));
    try (Container container = engine.run(sh("busybox", "sleep 600").healthCheck(check).build())) {
      container.awaitReady(Ready.onHealthy());
      say("healthy", container.health().status());
    }
  }

  private void storage() {
    Mount home = Mount.volume("own", "/home");
    String script = "stat -c %u:%a /home /home/app; echo x >/home/app/x";
    say("volume", output(sh("busybox", script).mount(home)));
    say("again", output(sh("busybox", "rm -r /home/app && ls /home").mount(home)));
    say("empty", output(sh("busybox", "ls /home").mount(home)));
    say("anonymous", output(sh("busybox", "ls /home").mount(Mount.volume("/home"))));
    say("volumes", engine.volumes().list().stream().map(VolumeInfo::name).toList());
    say("unused", engine.volumes().remove("own"));
    say(
        "image",
        output(
            sh("busybox", "touch /i/x 2>&1 | grep -c Read-only; ls /i/home")
                .mount(Mount.image(registry + "/test:busybox", "/i"))));
    try {
      Path own = Files.createDirectory(Path.of(System.getenv("HOME"), "own"));
      Files.writeString(own.resolve("f"), "host");
      String change = "cat /o/f; echo changed >/o/f; cat /o/f";
      say("overlay", output(sh("busybox", change).mount(Mount.overlay(own, "/o"))));
      say("kept", Files.readString(own.resolve("f")));
      Mount slave = Mount.bind(own, "/o").propagation(Mount.Propagation.SLAVE);
      List<IdRange> ids = List.of(new IdRange(0, 0, 1));
      Mount mapped = Mount.bind(own, "/o").idMapped(ids, ids);
      say("mapped", output(sh("busybox", "true").mount(mapped)));
      say("slave", output(sh("busybox", "true").mount(slave)));
      say("userns", output(sh("busybox", "true").userNamespace(UserNamespace.auto())));
    } catch (IOException e) {
      say("overlay", e);
    }
    String fill = "echo kept >/home/app/x && chmod 640 /home/app/x";
    Priming priming = Priming.of("own", container -> container.start().waitFor());
    ContainerSpec fork =
        engine.prime(sh("busybox", fill).mount(Mount.volume("/home")).build(), priming);
    String look = "stat -c %a /home/app/x; cat /home/app/x; touch /home/app/y && ls /home/app";
    say("primed", output(fork.toBuilder().command("sh", "-c", look)));
    say("primed owner", output(fork.toBuilder().command("stat", "-c", "%u:%g", "/home/app")));
    say(
        "sized",
        output(
            sh("busybox", "dd if=/dev/zero of=/t/x bs=1k count=99 2>/dev/null; stat -c %s /t/x")
                .mount(Mount.tmpfs("/t").size("8k").mode(0700))
                .ulimit("nofile", 99, 99)));
    Device device = Device.of(Path.of("/dev/zero")).at("/dev/own");
    say("device", output(sh("busybox", "head -c 9 /dev/own | wc -c").device(device)));
  }

  /** An image with devices, which nobody but root can make. */
  private void store() {
    List<String> leftOut = new ArrayList<>();
    ProgressListener listener =
        event -> {
          if (event instanceof ProgressEvent.LeftOut left) {
            leftOut.add(left.name() + ": " + left.what());
          }
        };
    try {
      engine.images().load(LeftOutIT.registry(), LeftOutIT.NAME, listener);
      say("left out", leftOut);
    } catch (IOException e) {
      say("left out", e);
    }
    say("whole", engine.images().check(false).isWhole());
    damagedLayer();
    damagedFiles();
  }

  /** Files of layers, some of which only the namespace of the user can read. */
  private void damagedFiles() {
    try {
      say("files", engine.images().check(true).problems());
      Path snapshots = EngineBuilder.defaultDataRoot().resolve("snapshots");
      Path file;
      try (Stream<Path> layers = Files.list(snapshots)) {
        file =
            layers
                .map(layer -> layer.resolve("fs/etc/passwd"))
                .filter(Files::isWritable)
                .findFirst()
                .orElseThrow();
      }
      FileTime time = Files.getLastModifiedTime(file);
      Files.writeString(file, "damaged");
      Files.setLastModifiedTime(file, time);
      List<StoreReport.Problem> problems = engine.images().check(true).problems();
      say("files damaged", problems.size() + " " + problems.get(0).kind());
      say("files how", problems.get(0).detail());
      say("files repaired", engine.images().repair(true).problems());
    } catch (IOException | RuncibleException e) {
      say("files", e);
    }
  }

  /** A layer that a copy brought, and that is damaged before it is unpacked. */
  private void damagedLayer() {
    Path data = Path.of(System.getenv("HOME"), "damaged");
    ImageReference name = ImageReference.parse(registry + "/test:busybox");
    try (ContainerEngine other =
            TestRoot.builder().policy(new HostPolicy(List.of())).dataRoot(data).build();
        RegistryClient source = RegistryClient.create();
        ImageSink sink = other.images().sink()) {
      ImageCopy.between(source, sink).copy(name, name);
      Image image = other.images().find(name).orElseThrow();
      Path layer =
          data.resolve("blobs/sha256").resolve(image.manifest().layers().get(0).digest().hex());
      byte[] content = Files.readAllBytes(layer);
      content[content.length / 2] ^= 1;
      Files.write(layer, content);
      other.images().pull(name.toString());
      say("damaged", other.images().check(false).problems());
    } catch (IOException | RuncibleException e) {
      say("damaged", e);
    }
  }

  private static void files(Container container) {
    try {
      Path home = Path.of(System.getenv("HOME"));
      container.files().copyFrom("/d", home.resolve("out"));
      say("out", Files.readString(home.resolve("out/x")).strip());
      container.files().copyTo(home.resolve("out"), "/in");
      say("in", output(container.exec("stat", "-c", "%u %a", "/in/x")));
      ByteArrayOutputStream tar = new ByteArrayOutputStream();
      container.files().copyFrom("/d", tar);
      container.files().copyTo(new ByteArrayInputStream(tar.toByteArray()), "/tmp");
      say("archive", output(container.exec("stat", "-c", "%u:%g", "/tmp/d/x")));
      say("missing", kind(() -> container.files().copyFrom("/none", home)));
    } catch (IOException e) {
      say("out", e);
    }
  }

  private static void exec(Container container, String script) {
    container.exec("sh", "-c", script).waitFor();
  }

  private static String output(ContainerProcess process) {
    try (ContainerProcess ended = process) {
      ended.waitFor();
      return new String(ended.stdout().readAllBytes(), UTF_8).strip();
    } catch (IOException e) {
      return e.toString();
    }
  }

  private static Object kind(Runnable action) {
    try {
      action.run();
      return "done";
    } catch (RuncibleException e) {
      return e.kind();
    }
  }

  private ContainerSpec.Builder sh(String image, String script) {
    return ContainerSpec.builder(registry + "/test:" + image).command("sh", "-c", script);
  }

  private ExitStatus run(ContainerSpec.Builder spec) {
    if (spec.build().name().isPresent()) {
      // Its engine removes it.
      return engine.run(spec.build()).isRunning() ? ExitStatus.ofExit(0) : ExitStatus.ofExit(1);
    }
    try (Container container = engine.run(spec.build())) {
      return container.waitFor();
    }
  }

  private String output(ContainerSpec.Builder spec) {
    try (Container container = engine.run(spec.build())) {
      container.waitFor();
      return container.logs().text().strip().replace('\n', ' ');
    } catch (RuncibleException e) {
      return e.kind().toString();
    }
  }

  private String withinLimits() {
    ArchiveLimits small = ArchiveLimits.DEFAULT.withMaxEntries(3);
    try (ContainerEngine other =
        TestRoot.builder().policy(new HostPolicy(List.of())).archiveLimits(small).build()) {
      return "pulled " + other.images().pull(registry + "/test:busybox");
    } catch (RuncibleException e) {
      return e.kind() + " " + e.getMessage() + " " + engine.images().list();
    }
  }

  private static String engineIn(String data) {
    try (ContainerEngine other = TestRoot.builder().dataRoot(Path.of(data)).build()) {
      return "opened with " + other.list().size();
    } catch (RuncibleException e) {
      return e.kind() + " " + e.getMessage();
    }
  }

  private static void say(String what, Object value) {
    // In UTF-8, whatever the locale.
    System.out.writeBytes((what + "=" + value + "\n").getBytes(UTF_8));
  }
}
