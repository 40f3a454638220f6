package io.runcible.engine;

import io.runcible.RuncibleException;
import io.runcible.runtime.Capability;
import io.runcible.runtime.RuntimeSpec;
import io.runcible.runtime.SeccompProfile;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The seccomp profiles of containers that crun runs. It compiles a profile for each container anew,
 * which is a fifth of what a start costs, unless it is given the instructions; those are compiled
 * once here. The profile is in the configuration all the same, for a crun that does not know them.
 */
final class CompiledSeccomp {
  /** Names the instructions, in base 64, that crun takes in the place of the profile. */
  static final String ANNOTATION = "run.oci.seccomp_bpf_data";

  private static final int MAX_PROFILES = 100;
  private static final String NOT_YET = "not yet";
  private static final String OF_RUNTIME = "";

  /** The start that is under way has the processors before. */
  private static final Duration AFTER = Duration.ofMillis(100);

  private final EngineTasks tasks;

  /** By the profile that the runtime is told. */
  private final Map<String, String> compiled = new ConcurrentHashMap<>();

  CompiledSeccomp(EngineTasks tasks) {
    this.tasks = tasks;
  }

  /** Adds the instructions, once they are there; what a caller has chosen stays. */
  RuntimeSpec addTo(RuntimeSpec spec) {
    String profile = spec.seccomp().json(spec.process().capabilities()).orElse("");
    if (profile.isEmpty() || spec.annotations().containsKey(ANNOTATION)) {
      return spec;
    }
    String known = compiled.get(profile);
    if (known == null) {
      begin(profile);
    } else if (known.equals(NOT_YET)) {
      compileLater(spec.seccomp(), profile, spec.process().capabilities());
    } else if (!known.equals(OF_RUNTIME)) {
      return spec.toBuilder().annotation(ANNOTATION, known).build();
    }
    return spec;
  }

  /** It pays only from the second container on: to load the library takes longer than a start. */
  private void begin(String profile) {
    if (compiled.size() >= MAX_PROFILES) {
      compiled.clear();
    }
    compiled.put(profile, NOT_YET);
  }

  private void compileLater(SeccompProfile profile, String json, Set<Capability> granted) {
    if (compiled.replace(json, NOT_YET, OF_RUNTIME)) {
      Future<?> unused = tasks.after(AFTER, () -> compile(profile, json, granted));
    }
  }

  private void compile(SeccompProfile profile, String json, Set<Capability> granted) {
    try {
      compiled.put(json, Base64.getEncoder().encodeToString(profile.program(granted)));
    } catch (RuncibleException e) {
      log().debug("the runtime compiles a seccomp profile for each container: {}", e.getMessage());
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(CompiledSeccomp.class);
  }
}
