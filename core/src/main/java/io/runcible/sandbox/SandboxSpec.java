package io.runcible.sandbox;

import io.runcible.archive.IdRange;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Mount;
import io.runcible.engine.Stdio;
import io.runcible.engine.UserNamespace;
import io.runcible.ffi.Architecture;
import io.runcible.ffi.NativeAccess;
import io.runcible.ffi.ScriptProgram;
import io.runcible.image.HealthCheck;
import io.runcible.image.ImageConfig;
import io.runcible.runtime.SeccompProfile;
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

  /** Each container has ids of its own, so that what is counted by user is counted apart. */
  private static final AtomicInteger COUNTER = new AtomicInteger();

  /** Of an ordinary user, in the namespace that all the containers share. */
  private static final int FIRST_OF_USER = 10_000;

  private static final int OF_USER = 50_000;

  /** In a namespace of its own. */
  private static final int INSIDE = 10_000;

  /** Of the host: what systemd sets aside for containers, from anywhere in it. */
  private static final int FIRST_OF_HOST = 524_288;

  private static final int OF_HOST = 1_800_000_000;

  /** Those of the system, whom nothing runs as: files of the image and the terminals are theirs. */
  private static final int OF_SYSTEM = 1000;

  private static final int IDS = OF_SYSTEM + 1;

  private static final int START = new SecureRandom().nextInt(OF_HOST / IDS);

  private final ContainerSpec common;
  private final boolean ownNamespace;

  SandboxSpec(
      String image,
      SandboxProfile profile,
      SeccompProfile seccomp,
      boolean ownNamespace,
      Architecture architecture,
      Set<String> volumes) {
    this.ownNamespace = ownNamespace;
    String size = String.valueOf(profile.workSize());
    ContainerSpec.Builder spec =
        ContainerSpec.builder(image)
            .entrypoint(INIT)
            .mount(Mount.file(ScriptProgram.elf(architecture), INIT, 0755))
            .workingDirectory(WORK)
            .hostname("sandbox")
            .stdio(Stdio.DIRECT)
            .readOnlyRoot()
            .dropCapability("ALL")
            .seccomp(seccomp)
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

  boolean hasOwnNamespace() {
    return ownNamespace;
  }

  /** The next container. */
  ContainerSpec next() {
    int number = COUNTER.getAndIncrement();
    if (!NativeAccess.isRoot()) {
      return common(FIRST_OF_USER + Math.floorMod(number, OF_USER)).build();
    }
    int free = FIRST_OF_HOST + IDS * Math.floorMod(START + number, OF_HOST / IDS);
    if (!ownNamespace) {
      return common(free).build();
    }
    List<IdRange> ids =
        List.of(new IdRange(0, free, OF_SYSTEM), new IdRange(INSIDE, free + OF_SYSTEM, 1));
    return common(INSIDE).userNamespace(UserNamespace.mapped(ids, ids)).build();
  }

  private ContainerSpec.Builder common(int user) {
    return common.toBuilder().user(user + ":" + user);
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
