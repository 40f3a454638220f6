package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Errno;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.Platform;
import io.runcible.network.Network;
import io.runcible.network.NetworkSpec;
import io.runcible.registry.RegistryClient;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * What the second JVMs of the tests do: the main class, with the name of a program, the root of the
 * test's directories, and a reference as arguments. Says on its output what it did.
 */
final class EngineProgram {
  private static final int LEAST_ROUNDS = 30;
  private static final int AT_A_TIME = 16;

  private static final String COPIED = "registry.example/copied:1";

  private static final Map<String, Consumer<EngineProgram>> PROGRAMS =
      Map.ofEntries(
          Map.entry("run-and-wait", EngineProgram::runAndWait),
          Map.entry("map-and-wait", EngineProgram::mapAndWait),
          Map.entry("run-and-exit", EngineProgram::runAndExit),
          Map.entry("run-once", EngineProgram::runOnce),
          Map.entry("run-loop", EngineProgram::runLoop),
          Map.entry("bridge-loop", EngineProgram::bridgeLoop),
          Map.entry("churn-loop", EngineProgram::churnLoop),
          Map.entry("detach-loop", EngineProgram::detachLoop),
          Map.entry("volume-loop", EngineProgram::volumeLoop),
          Map.entry("pull-loop", EngineProgram::pullLoop),
          Map.entry("store-loop", EngineProgram::storeLoop),
          Map.entry("pull-once", EngineProgram::pullOnce),
          Map.entry("pull-and-wait", EngineProgram::pullAndWait),
          Map.entry("copy-and-wait", EngineProgram::copyAndWait),
          Map.entry("share", EngineProgram::share),
          Map.entry("verify", EngineProgram::verify),
          Map.entry("pull-faults", EngineProgram::pullFaults),
          Map.entry("full-disk", EngineProgram::fullDisk),
          Map.entry("prime", EngineProgram::prime),
          Map.entry("detach-and-close", EngineProgram::detachAndClose),
          Map.entry("network-and-wait", EngineProgram::networkAndWait),
          Map.entry("exec-and-wait", EngineProgram::execAndWait),
          Map.entry("detach-and-wait", EngineProgram::detachAndWait));

  private final Path root;
  private final String reference;
  private final List<String> more;

  private EngineProgram(Path root, String reference, List<String> more) {
    this.root = root;
    this.reference = reference;
    this.more = more;
  }

  public static void main(String[] args) {
    List<String> all = List.of(args);
    EngineProgram program =
        new EngineProgram(Path.of(all.get(1)), all.get(2), all.subList(3, all.size()));
    PROGRAMS.get(args[0]).accept(program);
  }

  private ContainerEngine open() {
    return TestRoot.builder()
        .dataRoot(root.resolve("data"))
        .stateRoot(root.resolve("state"))
        .policy(new HostPolicy(List.of()))
        .build();
  }

  private ContainerSpec.Builder sh(String script) {
    return ContainerSpec.builder(reference).command("sh", "-c", script);
  }

  private static void say(String line) {
    System.out.println(line);
  }

  /** Until the input ends, which it does when somebody closes it or kills this. */
  private static void awaitInput() {
    try {
      while (System.in.read() >= 0) {
        // Only the end counts.
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private void runAndWait() {
    try (ContainerEngine engine = open()) {
      engine.run(sh("sleep 600").name("first").build());
      engine.run(sh("trap '' TERM; sleep 600 & wait").name("second").build());
      engine.create(sh("true").name("third").build());
      engine.run(sh("sleep 600").name("fourth").build()).pause();
      say("running");
      awaitInput();
    }
  }

  private void mapAndWait() {
    try (ContainerEngine engine = open()) {
      engine.run(
          sh("sleep 600")
              .userNamespace(UserNamespace.auto())
              .network(Network.BRIDGE)
              .mount(Mount.volume("/v"))
              .build());
      say("running");
      awaitInput();
    }
  }

  /** What a container does that is started, entered and stopped, or why it cannot. */
  private void runOnce() {
    try (ContainerEngine engine = open()) {
      ContainerSpec spec = sh("trap 'exit 7' TERM; echo up; while :; do sleep 0.01; done").build();
      try (Container container = engine.run(spec)) {
        container.awaitReady(Ready.onLog("up"));
        int code = container.exec("sh", "-c", "exit 3").waitFor().code();
        say("exec " + code + ", stop " + container.stop(TestEngine.LIMIT).code());
      }
    } catch (RuncibleException e) {
      say(e.kind() + " " + e.getMessage());
    }
  }

  private void runAndExit() {
    ContainerEngine engine = open();
    engine.run(sh("sleep 600").name("first").build());
    say("running");
    System.exit(0);
  }

  /** Containers of fixed and of random names, from several threads, until this is killed. */
  private void runLoop() {
    ContainerEngine engine = open();
    say("working");
    for (String name : List.of("a", "b")) {
      forever(
          () -> {
            try (Container container = engine.run(sh("sleep 600").name(name).build())) {
              requireSuccess(container.exec("true").waitFor());
            }
          });
    }
    forever(
        () -> {
          try (Container container = engine.run(sh("echo x").build())) {
            requireSuccess(container.waitFor());
          }
        });
  }

  /** Containers on two networks, one of them made and removed, until this is killed. */
  private void bridgeLoop() {
    ContainerEngine engine = open();
    say("working");
    forever(
        () -> {
          try (Container container =
              engine.run(sh("sleep 600").network(Network.BRIDGE).name("a").build())) {
            requireSuccess(container.exec("true").waitFor());
          }
        });
    forever(
        () -> {
          // The one before may have been killed with it.
          if (engine.networks().find("other").isEmpty()) {
            engine.networks().create(NetworkSpec.builder("other").build());
          }
          try (Container container =
              engine.run(sh("sleep 600").network(Network.BRIDGE, Network.named("other")).build())) {
            engine.networks().disconnect(container, "other");
          }
          engine.networks().remove("other");
        });
    forever(
        () -> {
          try (Container container = engine.run(sh("sleep 600").detached().publish(7000).build())) {
            container.restart(Duration.ZERO);
          }
        });
  }

  /** All that there is, many at a time, until this is killed. */
  private void churnLoop() {
    Churn churn = new Churn(open(), reference);
    AtomicInteger numbers = new AtomicInteger();
    say("working");
    for (int i = 0; i < AT_A_TIME; i++) {
      forever(() -> churn.cycle(numbers.getAndIncrement()));
    }
    forever(() -> Churn.end(churn.startDetached()));
  }

  private void detachLoop() {
    ContainerEngine engine = open();
    say("working");
    forever(
        () -> {
          try (Container container = engine.run(sh("sleep 600").detached().build())) {
            requireSuccess(container.exec("true").waitFor());
          }
        });
  }

  /** Volumes that are filled, named and not, until this is killed. */
  private void volumeLoop() {
    ContainerEngine engine = open();
    say("working");
    forever(
        () -> {
          String name = "v" + ContainerFactory.randomId();
          try (Container container =
              engine.run(
                  sh("true")
                      .mount(Mount.volume(name, "/usr/bin"))
                      .mount(Mount.volume("/etc"))
                      .build())) {
            requireSuccess(container.waitFor());
          }
          engine.volumes().remove(name);
        });
  }

  private void pullLoop() {
    ContainerEngine engine = open();
    say("working");
    forever(
        () -> {
          engine.images().pull(reference);
          engine.images().remove(reference);
          engine.images().prune();
        });
  }

  private void pullOnce() {
    try (ContainerEngine engine = open()) {
      say("ready");
      awaitInput();
      say(engine.images().pull(reference).descriptor().digest().toString());
    }
  }

  /** Primes until the input ends. */
  private void prime() {
    try (ContainerEngine engine = open()) {
      Priming priming =
          Priming.of(
              "slow",
              container -> {
                container.start();
                container.awaitReady(Ready.onLog("up"));
                say("priming");
                awaitInput();
              });
      say("asking");
      ContainerSpec spec = sh("trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done").build();
      say(engine.prime(spec, priming).image().toString());
    }
  }

  private void pullAndWait() {
    try (ContainerEngine engine = open()) {
      say("working");
      say(engine.images().pull(reference).descriptor().digest().toString());
      awaitInput();
    }
  }

  /** A copy to a container that never comes to its end. */
  private void copyAndWait() {
    InputStream tar =
        new InputStream() {
          @Override
          public int read() {
            say("copying");
            awaitInput();
            return -1;
          }
        };
    try (ContainerEngine engine = open()) {
      engine.create(sh("true").build()).files().copyTo(tar, "/tmp");
    }
  }

  /** Everything that writes to a store, from several threads, until this is killed. */
  private void storeLoop() {
    ContainerEngine engine = open();
    Images images = engine.images();
    String tag = "registry.example/tag:" + ProcessHandle.current().pid();
    say("working");
    forever(() -> images.pull(reference));
    forever(
        () -> {
          tolerant(() -> images.tag(reference, tag));
          images.remove(tag);
          images.remove(reference);
        });
    forever(
        () -> {
          copyToTheStore(images);
          images.remove(COPIED);
        });
    forever(() -> images.prune(PruneRules.unused()));
  }

  /** As a copy from a registry does, layers without unpacking them. */
  private void copyToTheStore(Images images) {
    ImageReference name = ImageReference.parse(reference);
    try (RegistryClient registry = RegistryClient.create();
        ImageSink sink = images.sink()) {
      Image image = Image.resolve(registry, name, Platform.host());
      List<Descriptor> blobs = new ArrayList<>(image.manifest().layers());
      blobs.add(image.manifest().config());
      for (Descriptor blob : blobs) {
        if (!sink.hasBlob(name, blob)) {
          try (InputStream content = registry.blob(name, blob)) {
            sink.putBlob(name, blob, content);
          }
        }
      }
      sink.putManifest(ImageReference.parse(COPIED), image.descriptor(), image.manifest().raw());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Everything that concerns others on the same store, in any order, for some seconds. */
  private void share() {
    Random random = new Random(ProcessHandle.current().pid());
    long end = System.nanoTime() + Long.parseLong(more.get(0)) * 1_000_000_000L;
    String tag = "registry.example/tag:" + ProcessHandle.current().pid();
    try (ContainerEngine engine = open()) {
      Images images = engine.images();
      say("ready");
      for (int round = 0; round < LEAST_ROUNDS || System.nanoTime() < end; round++) {
        switch (random.nextInt(10)) {
          case 0 -> images.pull(reference);
          case 1 -> images.remove(reference);
          case 2 -> images.prune();
          case 3 -> images.prune(PruneRules.unused());
          case 4 -> tolerant(() -> images.tag(reference, tag));
          case 5 -> copyToTheStore(images);
          case 6 -> images.check(false).problems().forEach(problem -> say(problem.toString()));
          case 7 -> images.usage();
          case 8 -> tolerant(() -> images.pin(reference, random.nextBoolean()));
          default -> {
            try (Container container = engine.run(sh("exit 7").build())) {
              say(container.waitFor().toString());
            }
          }
        }
      }
      images.remove(tag);
      say("done");
    }
  }

  /** What the next engine finds after a kill, and that it works. */
  private void verify() {
    Path data = root.resolve("data");
    try (ContainerEngine engine = open()) {
      say(engine.list().toString());
      say(engine.images().check(true).problems().toString());
      engine.images().prune(PruneRules.unused());
      say(TestRoot.leftIn(data, 1).toString());
      try (Container container = engine.run(sh("echo fine").build())) {
        container.waitFor();
        say(container.logs().text().strip());
      }
    }
  }

  /** System calls of a pull fail, one of so many. */
  private void pullFaults() {
    try {
      Path files = Files.createDirectories(root.resolve("files"));
      EngineBuilder builder =
          TestRoot.builder()
              .dataRoot(root.resolve("data"))
              .stateRoot(root.resolve("state"))
              .policy(new HostPolicy(List.of()));
      PullFaults faults = new PullFaults(builder, files, root.resolve("data"));
      int calls = faults.run(Errno.EIO, Integer.parseInt(more.get(0)), call -> say("call " + call));
      faults.close();
      say("calls " + calls);
    } catch (IOException | RuntimeException | AssertionError e) {
      say(e.toString().replace('\n', ' '));
    }
  }

  /** The disk is full at each step of a run, and at some of a pull. */
  private void fullDisk() {
    Path data = root.resolve("data");
    try (ContainerEngine engine = open()) {
      FullDisk disk = new FullDisk(data);
      int pulls =
          disk.run(
              Integer.parseInt(more.get(0)),
              () -> engine.images().pull(reference),
              () -> {
                requireNone(engine.images().check(false).problems());
                if (engine.images().list().isEmpty()) {
                  engine.images().prune(PruneRules.unused());
                  List<String> left = TestRoot.leftIn(data, 1);
                  left.removeIf(path -> path.startsWith("filler"));
                  requireNone(left);
                }
              });
      requireNone(engine.images().check(true).problems());
      int runs =
          disk.run(
              1,
              () -> {
                try (Container container = engine.run(sh("true").build())) {
                  requireSuccess(container.waitFor());
                }
              },
              () -> requireNone(List.of(data.resolve("containers").toFile().list())));
      say("failed " + pulls + " pulls and " + runs + " runs");
    } catch (IOException | RuntimeException | AssertionError e) {
      say(e.toString().replace('\n', ' '));
    }
  }

  private static void requireNone(List<?> found) {
    if (!found.isEmpty()) {
      throw new IllegalStateException(found.toString());
    }
  }

  /** Another one has taken the name away, or changed it. */
  private static void tolerant(Runnable work) {
    try {
      work.run();
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.NOT_FOUND && e.kind() != ErrorKind.UNAVAILABLE) {
        throw e;
      }
    }
  }

  private static void forever(Runnable work) {
    new Thread(
            () -> {
              while (true) {
                work.run();
              }
            })
        .start();
  }

  private static void requireSuccess(ExitStatus status) {
    if (!status.isSuccess()) {
      throw new IllegalStateException(status.toString());
    }
  }

  private void detachAndClose() {
    try (ContainerEngine engine = open()) {
      Container container =
          engine.run(
              sh("echo started; while [ ! -e /end ]; do sleep 0.05; done; echo done; exit 42")
                  .name("detached")
                  .detached()
                  .build());
      engine.run(sh("sleep 600").name("attached").build());
      say(container.id() + " " + container.pid().getAsInt());
    }
  }

  private void networkAndWait() {
    try (ContainerEngine engine = open()) {
      engine.run(sh("sleep 600").network(Network.parse(more.get(0))).build());
      say("running");
      awaitInput();
    }
  }

  private void detachAndWait() {
    ContainerEngine engine = open();
    engine.run(sh("echo started; sleep 0.3; exit 43").name("quick").detached().build());
    engine.run(
        sh("echo started; while [ ! -e /end ]; do sleep 0.05; done; echo done; exit 42")
            .name("detached")
            .detached()
            .build());
    say("running");
    awaitInput();
  }

  private void execAndWait() {
    Container container = open().run(sh("sleep 600").name("executed").detached().build());
    String parent;
    do {
      try (ContainerProcess process = container.exec("sh", "-c", "echo $PPID");
          InputStream out = process.stdout()) {
        parent = new String(out.readAllBytes(), StandardCharsets.UTF_8).strip();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    } while (parent.equals("0"));
    container.exec("sleep", "603");
    say(parent);
    awaitInput();
  }
}
