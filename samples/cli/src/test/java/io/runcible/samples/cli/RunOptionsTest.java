package io.runcible.samples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.LogPolicy;
import io.runcible.image.HealthCheck;
import io.runcible.image.ImageConfig;
import io.runcible.image.Platform;
import io.runcible.network.Network;
import io.runcible.network.NetworkSpec;
import io.runcible.runtime.IoLimit;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** What the flags of {@code run} come to. */
class RunOptionsTest {
  @TempDir private Path directory;

  private static RunCommand parse(String flags) {
    List<String> words = new ArrayList<>(List.of("run"));
    Stream.of(flags.split(" ", -1)).filter(word -> !word.isEmpty()).forEach(words::add);
    words.addAll(List.of("registry.example/image:1", "program", "-x"));
    String[] arguments = words.toArray(String[]::new);
    CommandLine.ParseResult parsed = Cli.commandLine(arguments).parseArgs(arguments);
    return (RunCommand) parsed.subcommand().commandSpec().userObject();
  }

  private static ContainerSpec spec(String flags) {
    return parse(flags).spec().build();
  }

  @Test
  void processIsWhatTheFlagsSay() throws Exception {
    Path file =
        Files.writeString(directory.resolve("env"), "# text\n\nA=file\nB=b=c d\nHOME\nNO_X\n");
    ContainerSpec spec =
        spec(
            "--env-file "
                + file
                + " -e A=word -e PATH -e NO_Y -w /w -u 7:8 --group-add audio --group-add 30"
                + " --entrypoint [\"/a\",\"b\"] --stop-signal INT --stop-timeout 3 -h box");
    assertThat(spec.environment())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "A",
                "word",
                "B",
                "b=c d",
                "HOME",
                System.getenv("HOME"),
                "PATH",
                System.getenv("PATH")));
    assertThat(spec.workingDirectory()).contains("/w");
    assertThat(spec.user()).contains("7:8");
    assertThat(spec.groups()).containsExactly("audio", "30");
    assertThat(spec.entrypoint()).contains(List.of("/a", "b"));
    assertThat(spec.command()).contains(List.of("program", "-x"));
    assertThat(spec.stopSignal()).contains("INT");
    assertThat(spec.stopTimeout()).contains(Duration.ofSeconds(3));
    assertThat(spec.hostname()).contains("box");
    assertThat(spec("--entrypoint=").entrypoint()).contains(List.of());
    assertThat(spec("--entrypoint /a").entrypoint()).contains(List.of("/a"));
  }

  @Test
  void securityIsWhatTheFlagsSay() throws Exception {
    Path profile =
        Files.writeString(directory.resolve("p"), "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}");
    ContainerSpec spec =
        spec(
            "--cap-drop ALL --cap-add net_admin --cap-add CAP_CHOWN --security-opt seccomp="
                + profile
                + " --security-opt no-new-privileges:false --security-opt apparmor=mine");
    assertThat(spec.droppedCapabilities()).containsExactly("ALL");
    assertThat(spec.addedCapabilities()).containsExactlyInAnyOrder("CAP_NET_ADMIN", "CAP_CHOWN");
    assertThat(spec.seccomp()).isPresent();
    assertThat(spec.mayGainPrivileges()).isTrue();
    assertThat(spec.apparmorProfile()).contains("mine");
    assertThat(spec("--security-opt no-new-privileges").mayGainPrivileges()).isFalse();
    assertThat(spec("--security-opt seccomp=unconfined").seccomp().orElseThrow())
        .hasToString("SeccompProfile[UNCONFINED]");
    assertThat(spec("--cap-add all").addedCapabilities()).contains("CAP_SYS_ADMIN").hasSize(41);
  }

  @Test
  void networksAreWhatTheFlagsSay() {
    ContainerSpec spec =
        spec(
            "--network back --network-alias db --ip 10.9.0.7 --mac-address 02:00:00:00:00:07"
                + " --add-host a:10.0.0.1 --add-host b:[fd00::1] --add-host up:host-gateway"
                + " --dns 10.0.0.2 --dns-search x.example --dns-option ndots:2 -p 8080:80");
    assertThat(spec.networks())
        .containsExactly(
            Network.named("back")
                .withAlias("db")
                .withAddress("10.9.0.7")
                .withMac("02:00:00:00:00:07"));
    assertThat(spec.nameResolution().hosts())
        .isEqualTo(Map.of("a", "10.0.0.1", "b", "fd00::1", "up", "host-gateway"));
    assertThat(spec.nameResolution().servers()).containsExactly("10.0.0.2");
    assertThat(spec.nameResolution().search()).containsExactly("x.example");
    assertThat(spec.nameResolution().options()).containsExactly("ndots:2");
    assertThat(spec("--net host").network()).isEqualTo(Network.HOST);
    Network back = Network.named("back").withAlias("db").withAddress("10.9.0.7");
    assertThat(
            spec("--network back:alias=db,ip=10.9.0.7,mac=02:00:00:00:00:07"
                    + " --network name=front,alias=a,alias=b --network name=plain")
                .networks())
        .containsExactly(
            back.withMac("02:00:00:00:00:07"),
            Network.named("front").withAlias("a").withAlias("b"),
            Network.named("plain"));
    assertThat(spec("--network container:box").network()).isEqualTo(Network.container("box"));
    assertThatThrownBy(() -> spec("--network back:speed=9")).hasMessageContaining("speed=9");
  }

  private static NetworkSpec network(String flags) {
    List<String> words = new ArrayList<>(List.of("network", "create"));
    words.addAll(List.of(flags.split(" ", -1)));
    words.add("back");
    String[] arguments = words.toArray(String[]::new);
    CommandLine.ParseResult parsed = Cli.commandLine(arguments).parseArgs(arguments);
    CommandLine.ParseResult create = parsed.subcommand().subcommand();
    return ((NetworkCommand.Create) create.commandSpec().userObject()).spec();
  }

  @Test
  void newNetworkIsWhatTheFlagsSay() {
    NetworkSpec spec =
        network(
            "-d bridge --ipv6 --gateway fd00:9::9 --subnet 10.9.0.0/24 --subnet fd00:9::/64"
                + " -o com.docker.network.driver.mtu=1400 --opt isolate=false --label a=b");
    assertThat(spec.subnets().stream().map(one -> one.gateway().getHostAddress()))
        .containsExactly("10.9.0.1", "fd00:9:0:0:0:0:0:9");
    assertThat(spec.mtu()).hasValue(1400);
    assertThat(spec.isIsolated()).isFalse();
    assertThat(network("--internal").isIsolated()).isTrue();
    for (String flags : List.of("-d macvlan", "-o x=y", "-o mtu=x", "--gateway 10.9.0.1")) {
      assertThatThrownBy(() -> network(flags)).isInstanceOf(RuncibleException.class);
    }
  }

  @Test
  void limitsAreWhatTheFlagsSay() throws Exception {
    ContainerSpec spec =
        spec(
            "--cpu-quota 20000 --cpu-shares 300 --cpuset-cpus 0 --shm-size 1m --tmpfs /t"
                + " --ulimit nofile=9 --sysctl net.core.somaxconn=7 --read-only --annotation a=b"
                + " --storage-opt size=9m --pids-limit 9 -m 64m");
    assertThat(spec.resources().cpuQuota()).hasValue(20_000);
    assertThat(spec.resources().cpuPeriod()).hasValue(100_000);
    assertThat(spec.resources().cpuShares()).hasValue(300);
    assertThat(spec.resources().cpus()).contains("0");
    assertThat(spec.mounts()).hasSize(2);
    assertThat(spec.writableLimit()).hasValue(9 << 20);
    assertThat(spec.isReadOnlyRoot()).isTrue();
    assertThat(spec.annotations()).isEqualTo(Map.of("a", "b"));
    assertThat(spec.sysctls()).isEqualTo(Map.of("net.core.somaxconn", "7"));
  }

  /** A limit of memory alone leaves no swap. */
  @Test
  void swapIsWhatTheFlagsSay() {
    ContainerSpec spec = spec("-m 64m --memory-swap 128m");
    assertThat(spec.memory()).isEmpty();
    assertThat(spec.resources().memory()).hasValue(64 << 20);
    assertThat(spec.resources().memoryAndSwap()).hasValue(128 << 20);
    assertThat(spec("-m 64m").memory()).hasValue(64 << 20);
  }

  @Test
  void devicesHaveTheNumbersOfTheirFiles() throws Exception {
    // 8:17 and, with all bits of both numbers in use, as makedev(3) has it.
    assertThat(BlockDevices.major(0x811)).isEqualTo(8);
    assertThat(BlockDevices.minor(0x811)).isEqualTo(17);
    assertThat(BlockDevices.major(0x1234500678L)).isEqualTo(0x6);
    assertThat(BlockDevices.minor(0x1234500678L)).isEqualTo(0x1234578);
    for (String text : List.of("/dev/null:1m", "/dev/nothing:1m", "/dev/null", ":1", "/dev/x:")) {
      assertThatThrownBy(() -> BlockDevices.limit(IoLimit.Kind.READ_BYTES, text))
          .isInstanceOf(RuncibleException.class);
    }
  }

  @Test
  void logIsWhatTheDriverSays() {
    assertThat(spec("").log()).isEqualTo(LogPolicy.RAW);
    assertThat(spec("--log-driver none").log()).isEqualTo(LogPolicy.NONE);
    assertThat(spec("--log-driver json-file").log()).isEqualTo(LogPolicy.cri());
    for (String driver : List.of("", "--log-driver k8s-file ")) {
      assertThat(spec(driver + "--log-opt max-size=1m --log-opt max-file=2").log())
          .isEqualTo(LogPolicy.cri(1 << 20, 2));
    }
  }

  @Test
  void labelsComeFromFilesToo() throws Exception {
    Path file = Files.writeString(directory.resolve("labels"), "a=file\nb\n");
    assertThat(spec("-l a=word -l c --label-file " + file).labels())
        .isEqualTo(Map.of("a", "word", "b", "", "c", ""));
  }

  @Test
  void valueThatMayBeSecretIsNotInAnError() throws Exception {
    Path file = Files.writeString(directory.resolve("env"), "# text\n\nA=b\n export KEY=hunter2\n");
    assertThatThrownBy(() -> Variables.of(List.of(file), List.of(), key -> ""))
        .hasMessageContaining("line 4 of the file '" + file + "'")
        .hasMessageNotContaining("hunter2");
    for (String text : List.of("MY KEY=hunter2", "=hunter2", "MY hunter2", "MY: hunter2=")) {
      assertThatThrownBy(() -> Variables.of(List.of(), List.of(text), key -> ""))
          .hasMessageContaining("neither KEY=VALUE nor KEY")
          .hasMessageContaining(text.startsWith("=") ? "'…'" : "MY")
          .hasMessageNotContaining("hunter2");
    }
  }

  @Test
  void commandIsNotReadFromFiles() throws Exception {
    String word = "@" + Files.writeString(directory.resolve("words"), "-d --name x");
    String[] arguments = {"run", "-l", word, "registry.example/image:1", "program", word};
    CommandLine.ParseResult parsed = Cli.commandLine(arguments).parseArgs(arguments);
    RunCommand run = (RunCommand) parsed.subcommand().commandSpec().userObject();
    ContainerSpec spec = run.spec().build();
    assertThat(spec.command()).contains(List.of("program", word));
    assertThat(spec.labels()).containsOnlyKeys(word);
  }

  private static ImageConfig image() {
    ImageConfig.Builder config = ImageConfig.builder(Platform.host());
    config.exposedPorts(Set.of("80/tcp", "53/udp", "8080"));
    return config.build();
  }

  @Test
  void healthIsWhatTheFlagsSay() {
    HealthCheck check =
        spec("--health-cmd true --health-interval 1m30s --health-timeout 100ms --health-retries 5"
                + " --health-start-period 2s --health-start-interval 1s")
            .healthCheck()
            .orElseThrow();
    assertThat(check)
        .isEqualTo(
            new HealthCheck(
                List.of("CMD-SHELL", "true"),
                Duration.ofSeconds(90),
                Duration.ofMillis(100),
                5,
                Duration.ofSeconds(2),
                Duration.ofSeconds(1)));
    assertThat(spec("--health-cmd [\"/bin/true\"]").healthCheck().orElseThrow().test())
        .containsExactly("CMD", "/bin/true");
    assertThat(spec("--no-healthcheck").healthCheck().orElseThrow().isNone()).isTrue();
    assertThat(spec("").healthCheck()).isEmpty();
    // To change that of the image there has to be one.
    HealthOptions changes = new HealthOptions();
    new CommandLine(CommandLine.Model.CommandSpec.create().addMixin("health", mixin(changes)))
        .parseArgs("--health-retries=2");
    assertThat(changes.needsImage()).isTrue();
    assertThatThrownBy(() -> changes.apply(ContainerSpec.builder("a"), image()))
        .isInstanceOf(RuncibleException.class)
        .hasMessageContaining("--health-cmd");
  }

  private static CommandLine.Model.CommandSpec mixin(Object options) {
    return CommandLine.Model.CommandSpec.forAnnotatedObject(options);
  }

  @Test
  void exposedPortsArePublishedOnce() {
    NetworkOptions options = new NetworkOptions();
    new CommandLine(CommandLine.Model.CommandSpec.create().addMixin("network", mixin(options)))
        .parseArgs("-P", "-p", "9000:80", "--expose", "80-81", "--expose", "53/udp");
    ContainerSpec.Builder spec = ContainerSpec.builder("a");
    options.apply(spec);
    options.apply(spec, image());
    assertThat(spec.build().ports().stream().map(Object::toString))
        .containsExactlyInAnyOrder(
            "127.0.0.1:9000:80/tcp",
            "127.0.0.1:0:53/udp",
            "127.0.0.1:0:8080/tcp",
            "127.0.0.1:0:81/tcp");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--privileged",
        "--log-driver journald",
        "--security-opt systempaths=unconfined",
        "--network back --ip 10.0.0.1 --ip6 fd00::1"
      })
  void whatIsNotSupportedIsSaidByItsName(String flags) {
    assertThatThrownBy(() -> spec(flags))
        .isInstanceOfSatisfying(
            RuncibleException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED);
              assertThat(e.getMessage())
                  .contains(
                      Stream.of(flags.split(" ", -1))
                          .filter(word -> word.startsWith("--") && !word.equals("--network"))
                          .toList());
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--security-opt no",
        "--security-opt label=no:x",
        "--security-opt label=type",
        "--log-driver none --log-opt max-size=1m",
        "--volumes-from a:no",
        "--security-opt no-new-privileges=x",
        "--security-opt seccomp=/etc/hostname",
        "--cap-add NOTHING",
        "--restart always",
        "--ip 10.0.0.1",
        "--network-alias db",
        "--expose 8080:80",
        "--expose x",
        "--expose 0",
        "--expose 70000/udp",
        "--expose 90-80",
        "--expose 80/x",
        "--network a --network b --mac-address 02:00:00:00:00:07",
        "--add-host a",
        "--dns x",
        "--cpu-period 1000",
        "--cpus 1 --cpu-quota 1000",
        "--no-healthcheck --health-cmd true",
        "--health-cmd true --health-interval 3",
        "--stop-signal NO",
        "--stop-timeout -1",
        "--storage-opt x=y",
        "-e =x",
        "--entrypoint [x"
      })
  void whatMakesNoSenseIsRefused(String flags) {
    assertThatThrownBy(() -> spec(flags))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
  }

  @Test
  void filesAreReadWithLimits() throws Exception {
    Path large = directory.resolve("large");
    Files.write(large, new byte[(1 << 20) + 1]);
    Path binary = Files.write(directory.resolve("binary"), new byte[] {(byte) 0xff, '=', 'x'});
    for (Path file : List.of(large, binary)) {
      assertThatThrownBy(() -> spec("--env-file " + file)).hasMessageContaining(file.toString());
    }
    assertThatThrownBy(() -> spec("--env-file /nothing")).hasMessageContaining("/nothing");
    Path id = Files.writeString(directory.resolve("id"), "");
    assertThatThrownBy(() -> spec("--cidfile " + id)).hasMessageContaining(id.toString());
  }

  @Test
  void nounsBeforeCommandsAreLeftOut() {
    assertThat(Cli.withoutNoun("container", "run", "-d", "x")).containsExactly("run", "-d", "x");
    assertThat(Cli.withoutNoun("container", "ls", "-a")).containsExactly("ps", "-a");
    assertThat(Cli.withoutNoun("image", "rm", "x")).containsExactly("rmi", "x");
    assertThat(Cli.withoutNoun("container", "prune")).containsExactly("container", "prune");
    assertThat(Cli.withoutNoun("run", "container", "ls")).containsExactly("run", "container", "ls");
    assertThat(Cli.withoutNoun("image")).containsExactly("image");
    assertThat(Cli.withoutNoun("container", "create", "x")).containsExactly("create", "x");
    assertThat(Cli.withoutNoun("image", "inspect", "x"))
        .containsExactly("inspect", "--type=image", "x");
    assertThat(Cli.withoutNoun("container", "inspect", "x"))
        .containsExactly("inspect", "--type=container", "x");
    Set<String> commands = Cli.commandLine().getSubcommands().keySet();
    assertThat(commands).containsAll(Cli.BELOW.keySet());
    Cli.BELOW.values().forEach(words -> assertThat(commands).containsAll(words));
    for (List<String> words : Cli.NOUNS.values()) {
      String[] plain = Stream.concat(words.stream(), Stream.of("--help")).toArray(String[]::new);
      assertThat(commands).contains(plain[0]);
      assertThat(Cli.commandLine(plain).parseArgs(plain).subcommand().isUsageHelpRequested())
          .isTrue();
    }
  }

  @Test
  void durationsAreAsInOtherEngines() {
    assertThat(Durations.parse("1h2m3.5s")).isEqualTo(Duration.parse("PT1H2M3.5S"));
    assertThat(Durations.parse("250ms")).isEqualTo(Duration.ofMillis(250));
    assertThat(Durations.parse("0")).isZero();
    for (String text : List.of("", "1", "s", "1 s", "-1s", "1sx", "9999999999s")) {
      assertThatThrownBy(() -> Durations.parse(text)).isInstanceOf(RuncibleException.class);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "2026-01-02T03:04:05Z, 2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05.5+02:00, 2026-01-02T01:04:05.5Z",
    "1700000000, 2023-11-14T22:13:20Z",
    "1700000000.25, 2023-11-14T22:13:20.25Z"
  })
  void timesAreAsInOtherEngines(String text, Instant time) {
    assertThat(Durations.time(text)).isEqualTo(time);
    assertThat(Durations.end(text)).isEqualTo(time);
  }

  @Test
  void timeWithoutAZoneIsOneHere() {
    Instant midnight = LocalDate.of(2026, 1, 2).atStartOfDay(ZoneId.systemDefault()).toInstant();
    assertThat(Durations.time("2026-01-02")).isEqualTo(midnight);
    assertThat(Durations.time("2026-01-02T00:00:00")).isEqualTo(midnight);
    assertThat(Durations.time("1h")).isBefore(Instant.now());
    assertThat(Durations.end("1h")).isAfter(Instant.now());
    for (String text : List.of("2026-13-02", "2026-01-02T", "2026-01-02T25:00:00Z", "17")) {
      assertThatThrownBy(() -> Durations.time(text)).isInstanceOf(RuncibleException.class);
    }
  }
}
