package io.runcible.engine;

import io.runcible.RuncibleException;
import io.runcible.network.Network;
import java.nio.file.Path;
import java.util.List;

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
    try (ContainerEngine engine =
        ContainerEngine.builder().policy(new HostPolicy(List.of())).build()) {
      new RootlessProgram(engine, args[0]).all();
    }
  }

  private void all() {
    say("exit", run(sh("busybox", "exit 42")).code());
    say("ids", output(sh("busybox", "id -u; id -g")));
    say("network", output(sh("busybox", "ls /sys/class/net")));
    say("host", output(sh("busybox", "ls /sys/class/net | wc -l").network(Network.HOST)));
    say("confined", output(sh("busybox", "grep -E 'Seccomp:|NoNewPrivs' /proc/self/status")));
    say("memory", output(sh("busybox", "echo fine").memory("64m")));
    say("readonly", output(sh("busybox", "touch /x 2>&1 | grep -c Read-only").readOnlyRoot()));
    say("owners", output(sh("debian", "stat -c %g /etc/shadow; stat -c %a:%n /usr/bin/passwd")));
    say("removal", output(sh("debian", "rm -r /usr/share/doc && ls /usr/share | grep -c ^doc$")));
    say("chown", output(sh("debian", "touch /f && chown 33:44 /f && stat -c %u:%g /f")));
    say("user", output(sh("debian", "id -u").user("www-data")));
    say("closed", engineIn("/root/runcible"));
    say("bridge", output(sh("busybox", "true").network(Network.named("back"))));
    say("detached", output(sh("busybox", "true").detached()));
    lifecycle();
    say("count", engine.list().size());
    say("left", run(sh("busybox", "sleep 600").name("left")).code());
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
      say("stopped", container.stop(java.time.Duration.ZERO).code());
    } catch (RuncibleException e) {
      say("stopped", e.kind());
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

  private static String engineIn(String data) {
    try (ContainerEngine other = ContainerEngine.builder().dataRoot(Path.of(data)).build()) {
      return "opened with " + other.list().size();
    } catch (RuncibleException e) {
      return e.kind() + " " + e.getMessage();
    }
  }

  private static void say(String what, Object value) {
    System.out.println(what + "=" + value);
  }
}
