package io.runcible.junit;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Mount;
import io.runcible.engine.Ready;
import io.runcible.image.ImageReference;
import io.runcible.junit.RunContainer.Pull;
import io.runcible.network.Network;
import io.runcible.network.PortBinding;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.platform.commons.support.ReflectionSupport;

/** What a {@link RunContainer} says. */
final class AnnotatedContainer implements ContainerPlan {
  private static final String READ_ONLY = ":ro";

  private final RunContainer wanted;
  private final String name;
  private final ClassLoader loader;
  private final String random = Placeholders.random();

  /**
   * A plan.
   *
   * @param place the name of what is annotated; empty if it has none of use
   * @param loader has the files
   */
  AnnotatedContainer(RunContainer wanted, String place, ClassLoader loader) {
    this.wanted = wanted;
    this.name =
        !wanted.name().isEmpty() ? wanted.name() : !place.isEmpty() ? place : imageName(wanted);
    this.loader = loader;
  }

  private static String imageName(RunContainer wanted) {
    return lastPart(new Placeholders("", List.of(), name -> missing()).resolve(wanted.image()));
  }

  private static Container missing() {
    throw new IllegalStateException("no container has a name before it is known");
  }

  static String lastPart(String image) {
    String repository = ImageReference.parse(image).repository();
    return repository.substring(repository.lastIndexOf('/') + 1);
  }

  RunContainer annotation() {
    return wanted;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<String> dependsOn() {
    return List.of(wanted.dependsOn());
  }

  @Override
  public ContainerSpec spec(Surroundings surroundings) {
    Placeholders values = new Placeholders(random, dependsOn(), surroundings::container);
    ContainerSpec.Builder spec = ContainerSpec.builder(values.resolve(wanted.image()));
    if (wanted.command().length > 0) {
      spec.command(Arrays.stream(wanted.command()).map(values::resolve).toArray(String[]::new));
    }
    for (String variable : wanted.environment()) {
      addVariable(spec, variable, values);
    }
    for (String port : wanted.ports()) {
      PortBinding.parse(port).forEach(spec::publish);
    }
    addNetworks(spec, surroundings);
    for (String mount : wanted.mounts()) {
      spec.mount(mount(values.resolve(mount)));
    }
    for (String directory : wanted.tmpfs()) {
      spec.mount(Mount.tmpfs(directory));
    }
    addLimits(spec);
    if (!wanted.user().isEmpty()) {
      spec.user(wanted.user());
    }
    return spec.build();
  }

  private static void addVariable(
      ContainerSpec.Builder spec, String variable, Placeholders values) {
    int equals = variable.indexOf('=');
    if (equals <= 0) {
      throw new ExtensionConfigurationException("'" + variable + "' is not KEY=value");
    }
    spec.environment(variable.substring(0, equals), values.resolve(variable.substring(equals + 1)));
  }

  private void addNetworks(ContainerSpec.Builder spec, Surroundings surroundings) {
    if (!wanted.reuse().isEmpty()) {
      TestNetworks.requireNone(name(), wanted.reuse(), List.of(wanted.network()));
    }
    List<Network> networks = new ArrayList<>();
    for (String text : wanted.network()) {
      Network network = surroundings.network(text);
      for (String alias : wanted.aliases()) {
        network = network.withAlias(alias);
      }
      networks.add(network);
    }
    if (!networks.isEmpty()) {
      spec.network(networks.get(0), networks.stream().skip(1).toArray(Network[]::new));
    } else if (wanted.aliases().length > 0) {
      throw new ExtensionConfigurationException(
          "aliases " + List.of(wanted.aliases()) + " are names on a network: give one, too");
    }
  }

  private static Mount mount(String text) {
    boolean readOnly = text.endsWith(READ_ONLY);
    String pair = readOnly ? text.substring(0, text.length() - READ_ONLY.length()) : text;
    int colon = pair.lastIndexOf(":/");
    if (colon <= 0) {
      throw new ExtensionConfigurationException(
          "'" + text + "' is no mount: /source:/destination and /source:/destination:ro are");
    }
    Mount mount = Mount.bind(Path.of(pair.substring(0, colon)), pair.substring(colon + 1));
    return readOnly ? mount.readOnly() : mount;
  }

  private void addLimits(ContainerSpec.Builder spec) {
    if (!wanted.memory().isEmpty()) {
      spec.memory(wanted.memory());
    }
    if (wanted.cpus() != 0) {
      spec.cpus(wanted.cpus());
    }
    if (wanted.pids() != 0) {
      spec.pids(wanted.pids());
    }
  }

  @Override
  public Optional<Ready> ready(ContainerSpec spec) {
    List<Ready> conditions = new ArrayList<>();
    for (String text : wanted.ready()) {
      conditions.add(ReadyText.parse(text));
    }
    if (!wanted.readyLog().isEmpty()) {
      conditions.add(Ready.onLog(wanted.readyLog()));
    }
    return (conditions.isEmpty() ? ReadyText.ofPorts(spec) : ReadyText.all(conditions))
        .map(ready -> ready.within(Duration.ofSeconds(wanted.readySeconds())));
  }

  @Override
  public List<ClassPathFile> files(Surroundings surroundings) {
    Placeholders values = new Placeholders(random, dependsOn(), surroundings::container);
    return Arrays.stream(wanted.files())
        .map(text -> ClassPathFile.parse(values.resolve(text), loader))
        .toList();
  }

  @Override
  public Pull pull() {
    return wanted.pull();
  }

  @Override
  public Optional<PrimedState> state() {
    return wanted.prime() == Primer.None.class
        ? Optional.empty()
        : Optional.of(PrimedState.of(wanted.prime(), loader));
  }

  @Override
  public String reuseKey(ContainerSpec spec) {
    return wanted.reuse().isEmpty() ? "" : wanted.reuse() + "\n" + values();
  }

  /**
   * In one order in all JVMs: that of an annotation's text depends on what was loaded before it.
   */
  private String values() {
    return Arrays.stream(RunContainer.class.getDeclaredMethods())
        .filter(member -> !member.isSynthetic())
        .sorted(Comparator.comparing(Method::getName))
        .map(
            member ->
                member.getName()
                    + "="
                    + ReuseKey.text(ReflectionSupport.invokeMethod(member, wanted)))
        .collect(Collectors.joining("\n"));
  }
}
