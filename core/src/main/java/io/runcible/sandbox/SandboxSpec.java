package io.runcible.sandbox;

import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Mount;
import io.runcible.engine.Stdio;
import io.runcible.ffi.NativeAccess;
import io.runcible.image.HealthCheck;
import io.runcible.image.ImageConfig;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/** The containers of a sandbox. */
final class SandboxSpec {
  static final String WORK = "/work";
  private static final String INIT = "/.sandbox-init";
  private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  private static final int OPEN_FILES = 1024;

  /** Each container has a user of its own, so that what is counted by user is counted apart. */
  private static final AtomicInteger COUNTER = new AtomicInteger();

  /** Of an ordinary user, in the namespace that all the containers share. */
  private static final int FIRST_OF_USER = 10_000;

  private static final int OF_USER = 50_000;

  /** Of the host: what systemd sets aside for containers, from anywhere in it. */
  private static final int FIRST_OF_HOST = 524_288;

  private static final int OF_HOST = 1_800_000_000;
  private static final int START = new SecureRandom().nextInt(OF_HOST);

  private final ContainerSpec common;

  SandboxSpec(
      String image, SandboxProfile profile, Architecture architecture, Set<String> volumes) {
    String size = String.valueOf(profile.workSize());
    ContainerSpec.Builder spec =
        ContainerSpec.builder(image)
            .entrypoint(INIT)
            .mount(Mount.file(InitProgram.elf(architecture), INIT, 0755))
            .workingDirectory(WORK)
            .hostname("sandbox")
            .stdio(Stdio.DIRECT)
            .readOnlyRoot()
            .dropCapability("ALL")
            .seccomp(profile.seccomp())
            .network(profile.network())
            .healthCheck(HealthCheck.NONE)
            .shmSize(size)
            .memory(profile.memory())
            .cpus(profile.cpus())
            .pids(profile.pids())
            .ulimit("core", 0, 0)
            .ulimit("nofile", OPEN_FILES, OPEN_FILES)
            .ulimit("memlock", 0, 0)
            .ulimit("msgqueue", 0, 0);
    Set<String> memory = new LinkedHashSet<>(List.of(WORK, "/tmp"));
    // What the image declares as a volume would be a directory of the host without a limit.
    memory.addAll(volumes);
    memory.forEach(path -> spec.mount(Mount.tmpfs(path).size(size)));
    common = spec.build();
  }

  /** The next container. */
  ContainerSpec next() {
    int number = COUNTER.getAndIncrement();
    int user =
        NativeAccess.isRoot()
            ? FIRST_OF_HOST + Math.floorMod(START + number, OF_HOST)
            : FIRST_OF_USER + Math.floorMod(number, OF_USER);
    return common.toBuilder().user(user + ":" + user).build();
  }

  /** The variables of all programs. */
  static Map<String, String> environment(ImageConfig image, SandboxProfile profile) {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("PATH", PATH);
    for (String entry : image.environment()) {
      int equals = entry.indexOf('=');
      if (equals > 0 && entry.indexOf('\0') < 0) {
        environment.put(entry.substring(0, equals), entry.substring(equals + 1));
      }
    }
    environment.put("HOME", WORK);
    environment.putAll(profile.environment());
    return environment;
  }
}
