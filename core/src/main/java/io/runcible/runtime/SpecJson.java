package io.runcible.runtime;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;

/**
 * Writes the objects of the runtime specification, fields always in the same order. With loops and
 * conditions, as all of what the first start in a JVM comes by: a lambda costs it half a
 * millisecond of processor time, once.
 */
final class SpecJson {
  private SpecJson() {}

  static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  static ObjectNode spec(RuntimeSpec spec) {
    ObjectNode json = object();
    json.put("ociVersion", RuntimeSpec.VERSION);
    json.set("process", process(spec.process()));
    json.putObject("root").put("path", spec.rootPath()).put("readonly", spec.rootReadonly());
    put(json, "hostname", spec.hostname());
    ArrayNode mounts = json.putArray("mounts");
    for (RuntimeSpec.Mount mount : spec.mounts()) {
      ObjectNode entry = mounts.addObject();
      entry.put("destination", mount.destination()).put("type", mount.type());
      entry.put("source", mount.source());
      strings(entry, "options", mount.options());
    }
    if (!spec.annotations().isEmpty()) {
      ObjectNode annotations = json.putObject("annotations");
      spec.annotations().forEach(annotations::put);
    }
    hooks(json, spec.hooks());
    json.set("linux", linux(spec));
    return json;
  }

  private static ObjectNode linux(RuntimeSpec spec) {
    ObjectNode linux = object();
    mappings(linux, "uidMappings", spec.uidMappings());
    mappings(linux, "gidMappings", spec.gidMappings());
    if (!spec.sysctls().isEmpty()) {
      ObjectNode sysctls = linux.putObject("sysctl");
      spec.sysctls().forEach(sysctls::put);
    }
    ObjectNode resources = resources(spec.resources());
    devices(linux, resources, spec);
    if (!resources.isEmpty()) {
      linux.set("resources", resources);
    }
    put(linux, "cgroupsPath", spec.cgroupsPath());
    put(linux, "rootfsPropagation", spec.rootPropagation());
    ArrayNode namespaces = linux.putArray("namespaces");
    for (RuntimeSpec.Namespace namespace : spec.namespaces()) {
      ObjectNode entry = namespaces.addObject().put("type", namespace.type().specName());
      if (namespace.path().isPresent()) {
        entry.put("path", namespace.path().get().toString());
      }
    }
    Optional<String> seccomp = spec.seccomp().json(spec.process().capabilities());
    if (seccomp.isPresent()) {
      linux.putRawValue("seccomp", new RawValue(seccomp.get()));
    }
    strings(linux, "maskedPaths", spec.maskedPaths());
    strings(linux, "readonlyPaths", spec.readonlyPaths());
    put(linux, "mountLabel", spec.mountLabel());
    return linux;
  }

  static ObjectNode process(ProcessSpec process) {
    ObjectNode json = object();
    json.put("terminal", process.terminal());
    if (process.consoleSize().isPresent()) {
      ProcessSpec.ConsoleSize size = process.consoleSize().get();
      json.putObject("consoleSize").put("height", size.rows()).put("width", size.columns());
    }
    ObjectNode user = json.putObject("user");
    user.put("uid", process.uid()).put("gid", process.gid());
    if (!process.additionalGids().isEmpty()) {
      ArrayNode gids = user.putArray("additionalGids");
      process.additionalGids().forEach(gids::add);
    }
    strings(json, "args", process.args());
    strings(json, "env", process.env());
    json.put("cwd", process.cwd());
    Set<String> capabilities = new TreeSet<>();
    for (Capability capability : process.capabilities()) {
      capabilities.add(capability.specName());
    }
    ObjectNode sets = json.putObject("capabilities");
    strings(sets, "bounding", capabilities);
    // As after a setuid: only root has any without a program that brings them.
    for (String set : List.of("effective", "permitted")) {
      strings(sets, set, process.uid() == 0 ? capabilities : Set.of());
    }
    strings(sets, "inheritable", List.of());
    strings(sets, "ambient", List.of());
    if (!process.rlimits().isEmpty()) {
      ArrayNode rlimits = json.putArray("rlimits");
      process.rlimits().forEach((name, limit) -> rlimit(rlimits.addObject(), name, limit));
    }
    json.put("noNewPrivileges", process.noNewPrivileges());
    put(json, "apparmorProfile", process.apparmorProfile());
    put(json, "selinuxLabel", process.selinuxLabel());
    if (process.oomScoreAdj().isPresent()) {
      json.put("oomScoreAdj", process.oomScoreAdj().getAsInt());
    }
    return json;
  }

  /** A limit is an unsigned number; "no limit" is the largest one. */
  private static void rlimit(ObjectNode json, String name, ProcessSpec.Rlimit limit) {
    json.put("type", name);
    json.put("hard", new java.math.BigInteger(Long.toUnsignedString(limit.hard())));
    json.put("soft", new java.math.BigInteger(Long.toUnsignedString(limit.soft())));
  }

  static ObjectNode resources(Resources resources) {
    ObjectNode json = object();
    ObjectNode memory = object();
    put(memory, "limit", resources.memory());
    put(memory, "swap", resources.memoryAndSwap());
    put(memory, "reservation", resources.memoryReservation());
    ObjectNode cpu = object();
    put(cpu, "shares", resources.cpuShares());
    put(cpu, "quota", resources.cpuQuota());
    put(cpu, "period", resources.cpuPeriod());
    put(cpu, "cpus", resources.cpus());
    put(cpu, "mems", resources.memoryNodes());
    ObjectNode pids = object();
    put(pids, "limit", resources.pids());
    addUnlessEmpty(json, "memory", memory);
    addUnlessEmpty(json, "cpu", cpu);
    addUnlessEmpty(json, "pids", pids);
    addUnlessEmpty(json, "blockIO", blockIo(resources));
    for (Map.Entry<String, Long> limit : resources.hugePages().entrySet()) {
      json.withArray("/hugepageLimits")
          .addObject()
          .put("pageSize", limit.getKey())
          .put("limit", limit.getValue());
    }
    return json;
  }

  private static ObjectNode blockIo(Resources resources) {
    ObjectNode json = object();
    put(json, "weight", resources.ioWeight());
    for (IoLimit limit : resources.ioLimits()) {
      json.withArray("/" + limit.kind().specName())
          .addObject()
          .put("major", limit.major())
          .put("minor", limit.minor())
          .put("rate", limit.rate());
    }
    return json;
  }

  /** Where there is to be the device, and who may use it. */
  private static void devices(ObjectNode linux, ObjectNode resources, RuntimeSpec spec) {
    if (spec.confineDevices()) {
      // The runtime itself adds null, zero, full, random, urandom, tty, ptmx and the ptys.
      resources.withArray("/devices").addObject().put("allow", false).put("access", "rwm");
    }
    for (DeviceNode device : spec.devices()) {
      ObjectNode node = linux.withArray("/devices").addObject();
      node.put("path", device.path()).put("type", device.type());
      node.put("major", device.major()).put("minor", device.minor());
      node.put("fileMode", device.mode()).put("uid", device.uid()).put("gid", device.gid());
      ObjectNode rule = resources.withArray("/devices").addObject().put("allow", true);
      rule.put("type", device.type()).put("major", device.major()).put("minor", device.minor());
      rule.put("access", device.access());
    }
  }

  private static void hooks(ObjectNode json, List<Hook> hooks) {
    for (Hook hook : hooks) {
      ObjectNode entry = json.withArray("/hooks/" + hook.stage().specName()).addObject();
      entry.put("path", hook.program());
      ArrayNode args = entry.putArray("args").add(hook.program());
      hook.arguments().forEach(args::add);
      strings(
          entry,
          "env",
          hook.environment().entrySet().stream()
              .map(variable -> variable.getKey() + "=" + variable.getValue())
              .sorted()
              .toList());
      if (!hook.timeout().isZero()) {
        entry.put("timeout", hook.timeout().toSeconds());
      }
    }
  }

  private static void put(ObjectNode json, String name, OptionalLong value) {
    if (value.isPresent()) {
      json.put(name, value.getAsLong());
    }
  }

  private static void put(ObjectNode json, String name, Optional<String> value) {
    if (value.isPresent()) {
      json.put(name, value.get());
    }
  }

  private static void addUnlessEmpty(ObjectNode json, String name, ObjectNode value) {
    if (!value.isEmpty()) {
      json.set(name, value);
    }
  }

  private static void mappings(ObjectNode json, String name, List<RuntimeSpec.IdMapping> mappings) {
    if (mappings.isEmpty()) {
      return;
    }
    ArrayNode array = json.putArray(name);
    for (RuntimeSpec.IdMapping mapping : mappings) {
      array
          .addObject()
          .put("containerID", mapping.containerId())
          .put("hostID", mapping.hostId())
          .put("size", mapping.size());
    }
  }

  static void strings(ObjectNode json, String name, Collection<String> values) {
    ArrayNode array = json.putArray(name);
    for (String value : values) {
      array.add(value);
    }
  }
}
