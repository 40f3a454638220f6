package io.runcible.samples.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerDetails;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerRun;
import io.runcible.engine.ContainerSetup;
import io.runcible.engine.ContainerState;
import io.runcible.engine.ExitStatus;
import io.runcible.engine.Health;
import io.runcible.engine.NetworkEndpoint;
import io.runcible.engine.RestartPolicy;
import io.runcible.network.PortBinding;
import io.runcible.runtime.RuntimeSpec;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** A container under the names of fields that scripts know from docker and podman. */
final class ContainerFields {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** What there is instead of a time that has not come. */
  private static final String NEVER = "0001-01-01T00:00:00Z";

  private final ContainerDetails details;
  private final ContainerSetup setup;

  private ContainerFields(ContainerDetails details) {
    this.details = details;
    this.setup = details.setup();
  }

  /**
   * All of them.
   *
   * @param data the engine's directory
   */
  static ObjectNode of(ContainerEngine engine, Container container, Path data) {
    ContainerFields fields = new ContainerFields(container.inspect());
    ObjectNode shown = fields.shown();
    ArrayNode mounts = mounts(fields.setup, VolumesFrom.volumes(engine), data);
    shown.set("Mounts", mounts);
    shown.withObjectProperty("HostConfig").set("Binds", binds(mounts));
    return shown;
  }

  private ObjectNode shown() {
    ObjectNode shown = MAPPER.createObjectNode();
    shown.put("Id", details.id());
    shown.put("Name", details.name());
    shown.put("Created", details.created().toString());
    List<String> command = details.command();
    shown.put("Path", command.isEmpty() ? "" : command.get(0));
    shown.set("Args", list(command.isEmpty() ? command : command.subList(1, command.size())));
    shown.set("State", state());
    shown.put("Image", details.image());
    shown.put("ImageName", details.image());
    shown.put("LogPath", "");
    shown.put("RestartCount", details.restarts());
    shown.put("AppArmorProfile", setup.apparmorProfile().orElse(""));
    shown.set(
        "EffectiveCaps",
        list(setup.capabilities().stream().map(one -> "CAP_" + one.name()).sorted().toList()));
    shown.set("Config", config());
    shown.set("HostConfig", host());
    shown.set("NetworkSettings", network());
    return shown;
  }

  private ObjectNode state() {
    ObjectNode state = MAPPER.createObjectNode();
    boolean runs = details.pid().isPresent() || isAboutToRun();
    state.put("Status", status());
    state.put("Running", runs);
    state.put("Paused", details.state() == ContainerState.PAUSED);
    state.put("Restarting", details.state() == ContainerState.RESTARTING);
    Optional<ContainerRun> last =
        details.runs().isEmpty()
            ? Optional.empty()
            : Optional.of(details.runs().get(details.runs().size() - 1));
    Optional<ExitStatus> end = last.flatMap(ContainerRun::status);
    state.put("OOMKilled", end.map(ExitStatus::outOfMemory).orElse(false));
    state.put("Pid", details.pid().orElse(0));
    if (details.state() == ContainerState.STOPPED && end.isEmpty()) {
      state.putNull("ExitCode"); // Not known, and not 0.
    } else {
      state.put("ExitCode", end.map(ExitStatus::code).orElse(0));
    }
    state.put("StartedAt", last.map(ContainerRun::started).map(Instant::toString).orElse(NEVER));
    state.put(
        "FinishedAt", last.flatMap(ContainerRun::finished).map(Instant::toString).orElse(NEVER));
    state.put("Error", "");
    boolean checked = details.health().status() != Health.Status.NONE;
    state.set("Health", checked ? health(details.health()) : null);
    return state;
  }

  private String status() {
    return switch (details.state()) {
      case STOPPED -> "exited";
      case STARTING -> "running";
      default -> details.state().toString().toLowerCase(Locale.ROOT);
    };
  }

  /** Which others call running, too. */
  private boolean isAboutToRun() {
    return details.state() == ContainerState.STARTING
        || details.state() == ContainerState.RESTARTING;
  }

  private static ObjectNode health(Health health) {
    ObjectNode shown = MAPPER.createObjectNode();
    shown.put("Status", health.status().toString().toLowerCase(Locale.ROOT));
    shown.put("FailingStreak", health.failures());
    ArrayNode log = shown.putArray("Log");
    for (Health.Result result : health.results()) {
      log.addObject()
          .put("Start", result.begin().toString())
          .put("End", result.end().toString())
          .put("ExitCode", result.code())
          .put("Output", result.output());
    }
    return shown;
  }

  private ObjectNode config() {
    ObjectNode config = MAPPER.createObjectNode();
    config.put("Hostname", setup.hostname());
    config.put("User", setup.uid() + ":" + setup.gid());
    config.put("Tty", setup.terminal());
    config.set(
        "Env",
        list(setup.environment().entrySet().stream().map(Object::toString).sorted().toList()));
    config.putArray("Entrypoint"); // Cmd begins with it.
    config.set("Cmd", list(details.command()));
    ObjectNode exposed = config.putObject("ExposedPorts");
    details.ports().forEach(port -> exposed.putObject(PortCommand.inside(port)));
    config.put("Image", details.image());
    config.put("WorkingDir", setup.workingDirectory());
    config.set("Labels", MAPPER.valueToTree(details.labels()));
    config.set("Annotations", MAPPER.valueToTree(details.annotations()));
    config.put("StopSignal", setup.stopSignal());
    config.put("StopTimeout", setup.stopTimeout().toSeconds());
    return config;
  }

  private ObjectNode host() {
    ObjectNode host = MAPPER.createObjectNode();
    host.put("Memory", details.limits().memory().orElse(0));
    host.put("NanoCpus", Math.round(details.limits().cpus().orElse(0) * 1e9));
    host.put("PidsLimit", details.limits().pids().orElse(0));
    host.put("ReadonlyRootfs", setup.readOnlyRoot());
    host.put("AutoRemove", !details.detached() || details.autoRemove());
    RestartPolicy policy = details.restartPolicy();
    boolean counted = policy.maxRestarts() < Integer.MAX_VALUE;
    host.putObject("RestartPolicy")
        .put("Name", policy.toString().replaceFirst(":.*", ""))
        .put("MaximumRetryCount", counted ? policy.maxRestarts() : 0);
    host.set("SecurityOpt", list(securityOptions()));
    host.set("GroupAdd", list(setup.groups().stream().map(Object::toString).toList()));
    host.set("PortBindings", ports());
    List<NetworkEndpoint> networks = details.networks();
    host.put("NetworkMode", networks.isEmpty() ? "" : networks.get(0).network());
    return host;
  }

  private List<String> securityOptions() {
    return setup.noNewPrivileges() ? List.of("no-new-privileges") : List.of();
  }

  private ObjectNode ports() {
    ObjectNode ports = MAPPER.createObjectNode();
    for (PortBinding binding : details.ports()) {
      ports
          .withArrayProperty(PortCommand.inside(binding))
          .addObject()
          .put("HostIp", binding.hostAddress().getHostAddress())
          .put("HostPort", String.valueOf(binding.hostPort()));
    }
    return ports;
  }

  private ObjectNode network() {
    ObjectNode network = MAPPER.createObjectNode();
    List<InetAddress> first =
        details.networks().isEmpty() ? List.of() : details.networks().get(0).addresses();
    addresses(network, first);
    network.set("Ports", ports());
    ObjectNode networks = network.putObject("Networks");
    for (NetworkEndpoint endpoint : details.networks()) {
      ObjectNode one = networks.putObject(endpoint.network());
      addresses(one, endpoint.addresses());
      one.set("Aliases", list(endpoint.names()));
      one.put("Device", endpoint.device());
    }
    return network;
  }

  private static void addresses(ObjectNode shown, List<InetAddress> addresses) {
    shown.put("IPAddress", first(addresses, Inet4Address.class::isInstance));
    shown.put("GlobalIPv6Address", first(addresses, one -> !(one instanceof Inet4Address)));
  }

  private static String first(List<InetAddress> addresses, Predicate<InetAddress> kind) {
    return addresses.stream().filter(kind).findFirst().map(InetAddress::getHostAddress).orElse("");
  }

  /** Those that somebody asked for. */
  private static ArrayNode mounts(ContainerSetup setup, Map<Path, String> volumes, Path data) {
    ArrayNode shown = MAPPER.createArrayNode();
    for (RuntimeSpec.Mount mount : setup.mounts()) {
      if (!VolumesFrom.isOfTheEngine(mount, data)) {
        String volume = volumes.get(Path.of(mount.source()));
        ObjectNode one = shown.addObject();
        one.put("Type", volume != null ? "volume" : mount.type());
        if (volume != null) {
          one.put("Name", volume);
        }
        one.put("Source", mount.type().equals("bind") ? mount.source() : "");
        one.put("Destination", mount.destination());
        one.put("Mode", String.join(",", mount.options()));
        one.put("RW", !mount.options().contains("ro"));
        one.put("Propagation", propagation(mount.options()));
      }
    }
    return shown;
  }

  /** As they would be asked for. */
  private static ArrayNode binds(ArrayNode mounts) {
    ArrayNode binds = MAPPER.createArrayNode();
    for (JsonNode mount : mounts) {
      String source = mount.path("Name").asText(mount.path("Source").asText());
      if (!source.isEmpty()) {
        String mode = mount.path("RW").asBoolean() ? "" : ":ro";
        binds.add(source + ":" + mount.path("Destination").asText() + mode);
      }
    }
    return binds;
  }

  private static String propagation(List<String> options) {
    return options.stream()
        .filter(option -> option.matches("r?(private|slave|shared)"))
        .findFirst()
        .orElse("");
  }

  private static ArrayNode list(List<String> words) {
    return MAPPER.valueToTree(words);
  }
}
