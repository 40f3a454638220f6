package io.runcible.junit;

import io.runcible.RuncibleException;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Mount;
import io.runcible.engine.Ready;
import io.runcible.engine.RestartPolicy;
import io.runcible.image.HealthCheck;
import io.runcible.junit.RunContainer.Pull;
import io.runcible.network.Network;
import io.runcible.network.PortBinding;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A service of a Compose file. */
final class ComposeService implements ContainerPlan {
  private static final Set<String> HEALTH =
      Set.of("test", "interval", "timeout", "retries", "start_period", "start_interval", "disable");
  private static final Pattern DURATION =
      Pattern.compile("(?:(\\d+)h)?(?:(\\d+)m)?(?:(\\d+)s)?(?:(\\d+)ms)?");

  private static final Map<String, BiConsumer<ContainerSpec.Builder, ComposeNode>> SETTINGS =
      settings();

  private final String name;
  private final Map<String, ComposeNode> fields;
  private final ComposeVolumes volumes;
  private final Map<String, List<String>> networks = new LinkedHashMap<>();
  private final List<String> others = new ArrayList<>();
  private final List<String> healthyOnes = new ArrayList<>();
  private boolean mustBeHealthy;

  ComposeService(String name, ComposeNode node, Set<String> knownNetworks, ComposeVolumes volumes) {
    this.name = name;
    this.volumes = volumes;
    Set<String> known = new HashSet<>(SETTINGS.keySet());
    known.addAll(Set.of("image", "networks", "volumes", "depends_on", "healthcheck", "expose"));
    this.fields = node.map(known);
    if (!fields.containsKey("image")) {
      throw node.refused("it has no image");
    }
    readNetworks(knownNetworks);
    readDependencies();
    // What is wrong is said before anything starts.
    var unused = settings(ContainerSpec.builder(field("image").text()), volumes.unmade());
  }

  private static Map<String, BiConsumer<ContainerSpec.Builder, ComposeNode>> settings() {
    Map<String, BiConsumer<ContainerSpec.Builder, ComposeNode>> all = new LinkedHashMap<>();
    all.put("entrypoint", (spec, node) -> spec.entrypoint(words(node)));
    all.put("command", (spec, node) -> spec.command(words(node)));
    all.put("environment", (spec, node) -> node.variablePairs().forEach(spec::environment));
    all.put("labels", (spec, node) -> node.pairs().forEach(spec::label));
    all.put(
        "ports",
        (spec, node) ->
            node.texts().forEach(text -> PortBinding.parse(text).forEach(spec::publish)));
    all.put("user", (spec, node) -> spec.user(node.text()));
    all.put("working_dir", (spec, node) -> spec.workingDirectory(node.text()));
    all.put("hostname", (spec, node) -> spec.hostname(node.text()));
    all.put("stop_signal", (spec, node) -> spec.stopSignal(node.text()));
    all.put("tmpfs", (spec, node) -> node.texts().forEach(text -> spec.mount(Mount.tmpfs(text))));
    all.put("mem_limit", (spec, node) -> spec.memory(node.text().replaceFirst("(?i)b$", "")));
    all.put("cpus", (spec, node) -> spec.cpus(Double.parseDouble(node.text())));
    all.put("pids_limit", (spec, node) -> spec.pids(Long.parseLong(node.text())));
    all.put("cap_add", (spec, node) -> node.texts().forEach(spec::addCapability));
    all.put("cap_drop", (spec, node) -> node.texts().forEach(spec::dropCapability));
    all.put("restart", (spec, node) -> spec.restart(RestartPolicy.parse(node.text())));
    all.put(
        "read_only",
        (spec, node) -> {
          if (node.isTrue()) {
            spec.readOnlyRoot();
          }
        });
    return all;
  }

  /** A text is split at spaces; quotes are for shells, which this is not. */
  private static String[] words(ComposeNode node) {
    if (node.isList()) {
      return node.texts().toArray(String[]::new);
    }
    String text = node.text().strip();
    if (text.indexOf('"') >= 0 || text.indexOf('\'') >= 0 || text.indexOf('\\') >= 0) {
      throw node.refused("a command with quotes has to be a list");
    }
    return text.split("\\s+", -1);
  }

  private ComposeNode field(String key) {
    ComposeNode node = fields.get(key);
    if (node == null) {
      throw new IllegalStateException(key);
    }
    return node;
  }

  private void readNetworks(Set<String> known) {
    ComposeNode node = fields.get("networks");
    if (node == null) {
      networks.put("default", List.of());
    } else if (node.isMap()) {
      node.map()
          .forEach(
              (network, settings) -> {
                ComposeNode aliases = settings.map(Set.of("aliases")).get("aliases");
                networks.put(network, aliases == null ? List.of() : aliases.texts());
              });
    } else {
      node.texts().forEach(network -> networks.put(network, List.of()));
    }
    for (String network : networks.keySet()) {
      if (!known.contains(network)) {
        throw field("networks").refused("there is no network '" + network + "'");
      }
    }
  }

  private void readDependencies() {
    ComposeNode node = fields.get("depends_on");
    if (node == null) {
      return;
    }
    if (!node.isMap()) {
      others.addAll(node.texts());
      return;
    }
    node.map()
        .forEach(
            (other, settings) -> {
              others.add(other);
              ComposeNode condition = settings.map(Set.of("condition")).get("condition");
              String text = condition == null ? "service_started" : condition.text();
              if (condition != null && text.equals("service_healthy")) {
                healthyOnes.add(other);
              } else if (condition != null && !text.equals("service_started")) {
                throw condition.refused("'" + text + "' is not supported");
              }
            });
  }

  /** Those that have to be healthy before this one starts. */
  List<String> healthyOnes() {
    return healthyOnes;
  }

  void requireHealth() {
    mustBeHealthy = true;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<String> dependsOn() {
    return List.copyOf(others);
  }

  @Override
  public ContainerSpec spec(Surroundings surroundings) {
    ContainerSpec.Builder spec = settings(ContainerSpec.builder(field("image").text()), volumes);
    List<Network> all = new ArrayList<>();
    networks.forEach(
        (network, aliases) -> {
          Network one = surroundings.network(network).withAlias(name);
          for (String alias : aliases) {
            one = one.withAlias(alias);
          }
          all.add(one);
        });
    return spec.network(all.get(0), all.stream().skip(1).toArray(Network[]::new)).build();
  }

  private ContainerSpec.Builder settings(ContainerSpec.Builder spec, ComposeVolumes from) {
    fields.forEach(
        (key, node) -> {
          BiConsumer<ContainerSpec.Builder, ComposeNode> setting = SETTINGS.get(key);
          try {
            if (setting != null && !node.isNothing()) {
              setting.accept(spec, node);
            }
          } catch (RuncibleException | NumberFormatException e) {
            throw node.refused(String.valueOf(e.getMessage()));
          }
        });
    ComposeNode mounts = fields.get("volumes");
    if (mounts != null) {
      mounts.list().forEach(mount -> spec.mount(from.mount(mount)));
    }
    ComposeNode health = fields.get("healthcheck");
    if (health != null) {
      spec.healthCheck(healthCheck(health));
    }
    return spec;
  }

  private static HealthCheck healthCheck(ComposeNode node) {
    Map<String, ComposeNode> fields = node.map(HEALTH);
    ComposeNode disable = fields.get("disable");
    if (disable != null && disable.isTrue()) {
      return HealthCheck.NONE;
    }
    ComposeNode test = fields.get("test");
    if (test == null) {
      throw node.refused("it has no test");
    }
    HealthCheck usual = HealthCheck.NONE;
    try {
      return new HealthCheck(
          test.isList() ? test.texts() : List.of("CMD-SHELL", test.text()),
          duration(fields, "interval", usual.interval()),
          duration(fields, "timeout", usual.timeout()),
          fields.containsKey("retries")
              ? Integer.parseInt(fields.get("retries").text())
              : usual.retries(),
          duration(fields, "start_period", usual.startPeriod()),
          duration(fields, "start_interval", usual.startInterval()));
    } catch (RuncibleException | NumberFormatException e) {
      throw node.refused(String.valueOf(e.getMessage()));
    }
  }

  private static Duration duration(
      Map<String, ComposeNode> fields, String key, Duration otherwise) {
    ComposeNode node = fields.get(key);
    if (node == null) {
      return otherwise;
    }
    Matcher match = DURATION.matcher(node.text());
    if (node.text().isEmpty() || !match.matches()) {
      throw node.refused("'" + node.text() + "' is no time such as 1m30s");
    }
    return Duration.ofHours(number(match, 1))
        .plusMinutes(number(match, 2))
        .plusSeconds(number(match, 3))
        .plusMillis(number(match, 4));
  }

  private static long number(Matcher match, int group) {
    return match.group(group) == null ? 0 : Integer.parseInt(match.group(group));
  }

  /** Its health, if the file has a check or another service asks; otherwise its ports. */
  @Override
  public Optional<Ready> ready(ContainerSpec spec) {
    boolean checked = spec.healthCheck().filter(check -> !check.isNone()).isPresent();
    return checked || mustBeHealthy ? Optional.of(Ready.onHealthy()) : ReadyText.ofPorts(spec);
  }

  @Override
  public List<ClassPathFile> files(Surroundings surroundings) {
    return List.of();
  }

  @Override
  public Pull pull() {
    return Pull.MISSING;
  }

  @Override
  public Optional<PrimedState> state() {
    return Optional.empty();
  }

  @Override
  public String reuseKey(ContainerSpec spec) {
    return "";
  }
}
