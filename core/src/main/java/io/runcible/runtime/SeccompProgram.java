package io.runcible.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.SeccompCompiler;
import io.runcible.ffi.SeccompCompiler.Comparison;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;

/** Compiles a seccomp profile as the runtimes do, by the library that they have. */
final class SeccompProgram {
  private static final int EPERM = 1;
  private static final int ENOSYS = 38;
  private static final String ARCHITECTURE = "SCMP_ARCH_";

  private SeccompProgram() {}

  /**
   * Compiles a profile.
   *
   * @param json as the runtime specification has it
   * @return the instructions for the kernel
   * @throws RuncibleException UNSUPPORTED for what is to be left to the runtime
   */
  static byte[] compile(String json) {
    return compile(parse(json));
  }

  private static JsonNode parse(String json) {
    try {
      return new ObjectMapper().readTree(json);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.INTERNAL, "a seccomp profile is no JSON", e);
    }
  }

  private static byte[] compile(JsonNode profile) {
    // With any other default runc adds rules of its own for calls that are newer than the profile.
    OptionalInt otherwise = errno(profile, "defaultAction", "defaultErrnoRet");
    if (!otherwise.equals(OptionalInt.of(ENOSYS))) {
      throw unsupported("has another default action than ENOSYS");
    }
    requireOnly(profile, Set.of("defaultAction", "defaultErrnoRet", "architectures", "syscalls"));
    try (SeccompCompiler compiler = SeccompCompiler.open(ENOSYS)) {
      for (JsonNode architecture : profile.path("architectures")) {
        String name = architecture.asText();
        if (!name.startsWith(ARCHITECTURE)) {
          throw unsupported("has the architecture " + name);
        }
        compiler.architecture(name.substring(ARCHITECTURE.length()).toLowerCase(Locale.ROOT));
      }
      for (JsonNode rule : profile.path("syscalls")) {
        requireOnly(rule, Set.of("names", "action", "errnoRet", "args"));
        OptionalInt errno = errno(rule, "action", "errnoRet");
        List<Comparison> comparisons = comparisons(rule.path("args"));
        for (JsonNode name : rule.path("names")) {
          compiler.rule(name.asText(), errno, comparisons);
        }
      }
      return compiler.program();
    }
  }

  /** Empty if the action is to allow. */
  private static OptionalInt errno(JsonNode from, String action, String number) {
    return switch (from.path(action).asText()) {
      case "SCMP_ACT_ALLOW" -> OptionalInt.empty();
      case "SCMP_ACT_ERRNO" -> OptionalInt.of(from.path(number).asInt(EPERM));
      default -> throw unsupported("has the action " + from.path(action).asText());
    };
  }

  private static List<Comparison> comparisons(JsonNode arguments) {
    List<Comparison> comparisons = new ArrayList<>();
    Set<Integer> seen = new HashSet<>();
    for (JsonNode one : arguments) {
      requireOnly(one, Set.of("index", "value", "valueTwo", "op"));
      int index = one.path("index").asInt();
      if (!seen.add(index)) {
        // Which means "or" to some runtimes, and "and" to others.
        throw unsupported("compares an argument twice in one rule");
      }
      comparisons.add(
          new Comparison(
              index,
              one.path("op").asText(),
              one.path("value").bigIntegerValue().longValue(),
              one.path("valueTwo").bigIntegerValue().longValue()));
    }
    return comparisons;
  }

  private static void requireOnly(JsonNode object, Set<String> names) {
    object
        .fieldNames()
        .forEachRemaining(
            name -> {
              if (!names.contains(name)) {
                throw unsupported("says '" + name + "'");
              }
            });
  }

  static RuncibleException unsupported(String what) {
    return new RuncibleException(ErrorKind.UNSUPPORTED, "the profile " + what);
  }
}
