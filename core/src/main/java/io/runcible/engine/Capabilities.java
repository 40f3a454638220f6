package io.runcible.engine;

import io.runcible.RuncibleException;
import io.runcible.ffi.NativeAccess;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Spawn;
import io.runcible.network.BridgeNetworks;
import io.runcible.network.UserNetwork;
import io.runcible.runtime.CgroupPlace;
import io.runcible.runtime.HostLimits;
import io.runcible.runtime.OciRuntime;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * What a host offers to an engine.
 *
 * @param features each with the reason if it is missing
 */
public record Capabilities(List<Feature> features) {
  /**
   * Something that a host has or lacks.
   *
   * @param name what it is, such as {@code runc}
   * @param available whether it is there
   * @param detail what was found or, if it is missing, why and how to get it
   */
  public record Feature(String name, boolean available, String detail) {}

  private static final String RUNTIME_IMAGE = "runtime-image";
  private static final Set<String> RUNTIMES = Set.of("runc", "crun");

  /** Copies the list. */
  public Capabilities {
    features = List.copyOf(features);
  }

  /** Whether a feature is there; false for an unknown name. */
  public boolean has(String name) {
    return features.stream().anyMatch(f -> f.name().equals(name) && f.available());
  }

  /** Whether containers can be run. */
  public boolean canRun() {
    boolean runtime = has("runc") || has("crun") || has(RUNTIME_IMAGE);
    return has("native") && has("privileges") && has("tools") && runtime;
  }

  static Capabilities ofThisHost() {
    return ofThisHost(Optional.empty());
  }

  /**
   * With what a runtime image brings.
   *
   * @param data the data root
   * @param runtime what is looked for on the host first
   */
  static Capabilities of(Path data, String runtime, Optional<RuntimeImage> image) {
    Capabilities found = withImage(data, runtime, image);
    if (!NativeAccess.isAvailable()) {
      return found;
    }
    List<Feature> features = new ArrayList<>();
    found.features().forEach(feature -> features.add(withVersion(feature)));
    features.add(HostFeatures.ofThisHost().projectQuotas(data));
    return new Capabilities(features);
  }

  /** With the version of a runtime, and what is known of that. */
  private static Feature withVersion(Feature feature) {
    if (!feature.available() || !RUNTIMES.contains(feature.name())) {
      return feature;
    }
    try (PrivilegedHost host = PrivilegedHost.open()) {
      OciRuntime.Info info = OciRuntime.ask(Path.of(feature.detail()), host);
      List<String> words = new ArrayList<>(List.of(feature.detail() + ", " + info.version()));
      info.warnings().forEach(warning -> words.add("WARNING: " + warning));
      return new Feature(feature.name(), true, String.join("; ", words));
    } catch (RuncibleException e) {
      return new Feature(feature.name(), false, String.valueOf(e.getMessage()));
    }
  }

  private static Capabilities withImage(Path data, String runtime, Optional<RuntimeImage> image) {
    if (image.isEmpty() || !NativeAccess.isAvailable()) {
      return ofThisHost();
    }
    RuntimeImage given = image.get();
    if (!RuntimePrograms.needed(runtime, given)) {
      return ofThisHost().with(given + " is not used: this host has its programs");
    }
    Optional<RuntimePrograms> installed = Optional.empty();
    try {
      installed = RuntimePrograms.find(data, given);
      return ofThisHost(image)
          .with(
              installed
                  .map(programs -> given + ", in " + programs.program(given).getParent())
                  .orElse(given + ", which is fetched when an engine is opened"));
    } catch (RuncibleException e) {
      return ofThisHost();
    } finally {
      installed.ifPresent(RuntimePrograms::close);
    }
  }

  private Capabilities with(String runtimeImage) {
    List<Feature> more = new ArrayList<>(features);
    more.add(new Feature(RUNTIME_IMAGE, true, runtimeImage));
    return new Capabilities(more);
  }

  private static Capabilities ofThisHost(Optional<RuntimeImage> image) {
    List<Feature> features = new ArrayList<>();
    Optional<String> why = NativeAccess.whyUnavailable();
    features.add(
        new Feature("native", why.isEmpty(), why.orElse("the C library answers through jnr-ffi")));
    if (why.isPresent()) {
      return new Capabilities(features);
    }
    features.add(probe("privileges", Capabilities::privileges));
    features.add(program("runc", "runc"));
    features.add(program("crun", "crun"));
    features.add(tools(image.flatMap(RuntimeImage::helper)));
    // Bridge networks alone need it.
    features.add(program("nft", "nftables"));
    features.add(controlGroups());
    features.add(probe("user-network", UserNetwork::describe));
    features.add(probe("bridge-networks", Capabilities::bridges));
    features.addAll(HostFeatures.ofThisHost().all());
    return new Capabilities(features);
  }

  /** The shell and small programs, which every distribution has, and a distroless image has not. */
  private static Feature tools(Optional<String> helper) {
    List<String> missing =
        RuntimePrograms.tools().stream().filter(RuntimePrograms::isMissing).toList();
    if (missing.isEmpty()) {
      return new Feature("tools", true, "the shell and the programs that engines run");
    }
    String lacking = "not installed: " + String.join(", ", missing) + "; ";
    return new Feature(
        "tools",
        helper.isPresent(),
        lacking
            + helper
                .map(path -> "the runtime image has " + path)
                .orElse("see EngineBuilder.runtimeImage for an image that has them"));
  }

  private static String privileges() {
    try (PrivilegedHost host = PrivilegedHost.open()) {
      if (!host.rootless()) {
        return "this process is root";
      }
      ProcProbe.run(host);
      if (!host.hasIdRange()) {
        return "a user namespace with a single id: files of images all belong to it";
      }
      return NativeAccess.effectiveUid() == 0
          ? "root of a container has a user namespace with a range of ids"
          : "a user namespace with a range of subordinate ids";
    }
  }

  private static String bridges() {
    try (PrivilegedHost host = PrivilegedHost.open()) {
      return BridgeNetworks.describe(host);
    }
  }

  private static Feature controlGroups() {
    try (PrivilegedHost host = PrivilegedHost.open()) {
      CgroupPlace place = HostLimits.detect(host).place();
      return new Feature("cgroups", place.available(), place.toString());
    } catch (RuncibleException e) {
      return new Feature("cgroups", false, String.valueOf(e.getMessage()));
    }
  }

  private static Feature program(String name, String debianPackage) {
    return Spawn.findProgram(name)
        .map(path -> new Feature(name, true, path.toString()))
        .orElseGet(
            () ->
                new Feature(
                    name, false, "not installed; on Debian: apt-get install " + debianPackage));
  }

  private static Feature probe(String name, Supplier<String> detail) {
    try {
      return new Feature(name, true, detail.get());
    } catch (RuncibleException e) {
      return new Feature(name, false, String.valueOf(e.getMessage()));
    }
  }

  /** One line for each feature. */
  @Override
  public String toString() {
    return features.stream()
        .map(f -> f.name() + ": " + (f.available() ? "yes, " : "no, ") + f.detail())
        .collect(Collectors.joining("\n"));
  }
}
