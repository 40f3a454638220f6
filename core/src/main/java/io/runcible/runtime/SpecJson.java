package io.runcible.runtime;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;

/** Writes the objects of the runtime specification, fields always in the same order. */
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
    spec.hostname().ifPresent(name -> json.put("hostname", name));
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
    spec.cgroupsPath().ifPresent(path -> linux.put("cgroupsPath", path));
    spec.rootPropagation().ifPresent(kind -> linux.put("rootfsPropagation", kind));
    ArrayNode namespaces = linux.putArray("namespaces");
    for (RuntimeSpec.Namespace namespace : spec.namespaces()) {
      ObjectNode entry = namespaces.addObject().put("type", namespace.type().specName());
      namespace.path().ifPresent(path -> entry.put("path", path.toString()));
    }
    spec.seccomp()
        .json(spec.process().capabilities())
        .ifPresent(profile -> linux.putRawValue("seccomp", new RawValue(profile)));
    strings(linux, "maskedPaths", spec.maskedPaths());
    strings(linux, "readonlyPaths", spec.readonlyPaths());
    spec.mountLabel().ifPresent(label -> linux.put("mountLabel", label));
    return linux;
  }

  static ObjectNode process(ProcessSpec process) {
    ObjectNode json = object();
    json.put("terminal", process.terminal());
    process
        .consoleSize()
        .ifPresent(
            size ->
                json.putObject("consoleSize")
                    .put("height", size.rows())
                    .put("width", size.columns()));
    ObjectNode user = json.putObject("user");
    user.put("uid", process.uid()).put("gid", process.gid());
    if (!process.additionalGids().isEmpty()) {
      ArrayNode gids = user.putArray("additionalGids");
      process.additionalGids().forEach(gids::add);
    }
    strings(json, "args", process.args());
    strings(json, "env", process.env());
    json.put("cwd", process.cwd());
    List<String> capabilities =
        process.capabilities().stream().map(Capability::specName).sorted().toList();
    ObjectNode sets = json.putObject("capabilities");
    strings(sets, "bounding", capabilities);
    // As after a setuid: only root has any without a program that brings them.
    for (String set : List.of("effective", "permitted")) {
      strings(sets, set, process.uid() == 0 ? capabilities : List.of());
    }
    strings(sets, "inheritable", List.of());
    strings(sets, "ambient", List.of());
    if (!process.rlimits().isEmpty()) {
      ArrayNode rlimits = json.putArray("rlimits");
      process.rlimits().forEach((name, limit) -> rlimit(rlimits.addObject(), name, limit));
    }
    json.put("noNewPrivileges", process.noNewPrivileges());
    process.apparmorProfile().ifPresent(profile -> json.put("apparmorProfile", profile));
    process.selinuxLabel().ifPresent(label -> json.put("selinuxLabel", label));
    process.oomScoreAdj().ifPresent(score -> json.put("oomScoreAdj", score));
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
    resources.cpus().ifPresent(cpus -> cpu.put("cpus", cpus));
    resources.memoryNodes().ifPresent(nodes -> cpu.put("mems", nodes));
    ObjectNode pids = object();
    put(pids, "limit", resources.pids());
    addUnlessEmpty(json, "memory", memory);
    addUnlessEmpty(json, "cpu", cpu);
    addUnlessEmpty(json, "pids", pids);
    addUnlessEmpty(json, "blockIO", blockIo(resources));
    resources
        .hugePages()
        .forEach(
            (size, bytes) ->
                json.withArray("/hugepageLimits")
                    .addObject()
                    .put("pageSize", size)
                    .put("limit", bytes));
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
    value.ifPresent(number -> json.put(name, number));
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
    values.forEach(array::add);
  }
}
