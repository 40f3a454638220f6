package io.runcible.runtime;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The standard profile, resolved for the capabilities of one container so that the runtime gets
 * only what applies.
 *
 * <p>It names what is allowed and what is forbidden, and everything else does not exist (ENOSYS):
 * calls that are newer than this list must make a program fall back to an older one and not fail.
 * runc would do that by itself with EPERM as the default, crun would not.
 *
 * <p>What it costs at each start, in processor time on one machine (runc 1.1, libseccomp 2.5, Linux
 * 6.18): 5 to 7 ms of runc's 36, 4 of crun's 11; with the two 32-bit interfaces of x86 24 and 21.
 * Half of it is libseccomp compiling some 370 rules. An order by number or by use, one rule for
 * each name, or EPERM as the default without the forbidden names change it by less than 2 ms, and
 * libseccomp's binary tree makes the compilation longer. So the form is the one that says most.
 */
final class StandardSeccomp {
  private static final int EPERM = 1;
  private static final int ENOSYS = 38;
  private static final int EAFNOSUPPORT = 97;

  private static final long LOW_32_BITS = 0xffffffffL;

  /** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
  private static final long[] NEW_NAMESPACES = {
    0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
  };

  /** PER_LINUX and PER_LINUX32, with and without UNAME26, and the question for the present one. */
  private static final long[] PERSONALITIES = {0, 8, 0x20000, 0x20008, 0xffffffffL};

  /**
   * Address families but for 38, AF_ALG (the kernel's cryptography, a way into the page cache of
   * the host: CVE-2026-31431) and 40, AF_VSOCK (the hypervisor, whatever the network namespace), as
   * aligned ranges, first and size. The kernel looks at the lower half of the register alone, so
   * the rules do, too: "greater than 40" would let 2^32 + 38 pass.
   */
  private static final long[][] FAMILIES = {
    {0, 32}, {32, 4}, {36, 2}, {39, 1}, {41, 1}, {42, 2}, {44, 4}
  };

  private static final long[] FORBIDDEN_FAMILIES = {38, 40};

  /** AF_UNIX, AF_INET and AF_INET6: ranges as above. */
  private static final long[][] ORDINARY_FAMILIES = {{1, 1}, {2, 1}, {10, 1}};

  private StandardSeccomp() {}

  /**
   * Resolves the profile.
   *
   * @param architecture {@code os.arch} of the JVM
   * @param compat whether the 32-bit interfaces of the processor may be used, too
   * @param granted what the container may have
   */
  static ObjectNode resolve(String architecture, boolean compat, Set<Capability> granted) {
    return resolve(architecture, compat, granted, Set.of(), FAMILIES);
  }

  /** The stricter form, without what only some programs need. */
  static ObjectNode untrusted(String architecture) {
    Set<String> rare = Set.copyOf(Sections.ALL.getOrDefault("rare", List.of()));
    return resolve(architecture, false, Set.of(), rare, ORDINARY_FAMILIES);
  }

  private static ObjectNode resolve(
      String architecture,
      boolean compat,
      Set<Capability> granted,
      Set<String> without,
      long[][] families) {
    Map<String, List<String>> sections = Sections.ALL;
    Set<String> allowed = new TreeSet<>(sections.get("always"));
    Set<String> forbidden = new TreeSet<>(sections.get("never"));
    ObjectNode json = SpecJson.object();
    json.put("defaultAction", "SCMP_ACT_ERRNO").put("defaultErrnoRet", ENOSYS);
    ArrayNode architectures = json.putArray("architectures");
    if (architecture.equals("amd64") || architecture.equals("x86_64")) {
      architectures.add("SCMP_ARCH_X86_64");
      allowed.addAll(sections.get("x86-64"));
      if (compat) {
        architectures.add("SCMP_ARCH_X86").add("SCMP_ARCH_X32");
      }
    } else if (architecture.equals("aarch64")) {
      architectures.add("SCMP_ARCH_AARCH64");
      if (compat) {
        architectures.add("SCMP_ARCH_ARM");
        allowed.addAll(sections.get("x86-64"));
        allowed.addAll(sections.get("compat-arm"));
      }
    }
    if (compat) {
      allowed.addAll(sections.get("compat"));
    }
    for (Capability capability : Capability.values()) {
      List<String> names = sections.getOrDefault("cap " + capability.name(), List.of());
      (granted.contains(capability) ? allowed : forbidden).addAll(names);
    }
    boolean namespaces = granted.contains(Capability.SYS_ADMIN);
    if (namespaces) {
      allowed.addAll(List.of("clone", "clone3"));
    }
    allowed.removeAll(without);
    forbidden.addAll(without);
    forbidden.removeAll(allowed);
    ArrayNode rules = json.putArray("syscalls");
    names(rules, allowed).put("action", "SCMP_ACT_ALLOW");
    names(rules, forbidden).put("action", "SCMP_ACT_ERRNO").put("errnoRet", EPERM);
    byArgument(rules, namespaces, families);
    return json;
  }

  private static ObjectNode names(ArrayNode rules, Collection<String> names) {
    ObjectNode rule = rules.addObject();
    SpecJson.strings(rule, "names", names);
    return rule;
  }

  private static void byArgument(ArrayNode rules, boolean namespaces, long[][] families) {
    if (!namespaces) {
      long all = 0;
      for (long flag : NEW_NAMESPACES) {
        all |= flag;
        forbid(rules, "clone", EPERM, flag, flag);
      }
      allow(rules, "clone", all, 0);
    }
    for (long personality : PERSONALITIES) {
      allow(rules, "personality", LOW_32_BITS, personality);
    }
    for (long[] range : families) {
      allow(rules, "socket", LOW_32_BITS & -range[1], range[0]);
    }
    for (long family : FORBIDDEN_FAMILIES) {
      forbid(rules, "socket", EAFNOSUPPORT, LOW_32_BITS, family);
    }
  }

  private static void allow(ArrayNode rules, String name, long mask, long value) {
    firstArgument(names(rules, List.of(name)).put("action", "SCMP_ACT_ALLOW"), mask, value);
  }

  private static void forbid(ArrayNode rules, String name, int errno, long mask, long value) {
    ObjectNode rule = names(rules, List.of(name));
    firstArgument(rule.put("action", "SCMP_ACT_ERRNO").put("errnoRet", errno), mask, value);
  }

  private static void firstArgument(ObjectNode rule, long mask, long value) {
    rule.putArray("args")
        .addObject()
        .put("index", 0)
        .put("value", mask)
        .put("valueTwo", value)
        .put("op", "SCMP_CMP_MASKED_EQ");
  }

  /** The names, read once when a container first needs them. */
  private static final class Sections {
    private static final Map<String, List<String>> ALL = read();

    private static Map<String, List<String>> read() {
      Map<String, List<String>> sections = new HashMap<>();
      try (InputStream resource = StandardSeccomp.class.getResourceAsStream("seccomp.txt")) {
        if (resource == null) {
          throw new IllegalStateException("the resource seccomp.txt is missing from the library");
        }
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(resource, StandardCharsets.US_ASCII));
        List<String> current = new ArrayList<>();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          if (line.startsWith("[")) {
            current = new ArrayList<>();
            sections.put(line.substring(1, line.length() - 1), current);
          } else if (!line.startsWith("#") && !line.isBlank()) {
            current.addAll(List.of(line.split(" ", -1)));
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return sections;
    }
  }
}
