package io.runcible.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.SeccompCompiler;
import io.runcible.ffi.SeccompCompiler.Comparison;
import io.runcible.runtime.SeccompProfile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The seccomp profile of a sandbox. A runtime compiles it for each container anew, which is a fifth
 * of what a container costs; here it is compiled once, and the init program loads it before
 * anything else, so that it holds for that, too, and for all that comes after it. The library that
 * compiles it is the one that the runtimes have, and what it is told is the same. Where that cannot
 * be, the runtime does it.
 */
final class SeccompFilter {
  private static final Logger LOG = LoggerFactory.getLogger(SeccompFilter.class);
  private static final int EPERM = 1;
  private static final int ENOSYS = 38;
  private static final String ARCHITECTURE = "SCMP_ARCH_";
  private static final int SET_MODE_FILTER = 1;

  private final SeccompProfile profile;
  private final byte[] block;

  private SeccompFilter(SeccompProfile profile, byte[] block) {
    this.profile = profile;
    this.block = block;
  }

  /** The filter of a profile, or the runtime's. */
  static SeccompFilter of(SeccompProfile profile, Architecture architecture) {
    try {
      return new SeccompFilter(profile, block(architecture, compile(profile)));
    } catch (RuncibleException e) {
      LOG.debug("the runtime compiles the seccomp profile for each sandbox: {}", e.getMessage());
      return ofRuntime(profile);
    }
  }

  /** The runtime is told the profile. */
  static SeccompFilter ofRuntime(SeccompProfile profile) {
    return new SeccompFilter(profile, new byte[0]);
  }

  boolean isOfRuntime() {
    return block.length == 0;
  }

  /** What the runtime is told. */
  SeccompProfile profileOfRuntime() {
    return isOfRuntime() ? profile : SeccompProfile.unconfined();
  }

  /**
   * Has the init program of a new sandbox load it.
   *
   * @throws RuncibleException UNSUPPORTED if the kernel does not take it
   */
  void load(WarmSandbox sandbox) {
    if (isOfRuntime()) {
      return;
    }
    try {
      sandbox.commands().write(block);
      byte[] reply = sandbox.replies().readNBytes(Long.BYTES);
      if (reply.length < Long.BYTES) {
        throw WarmSandbox.broken(sandbox, null);
      }
      long result = ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN).getLong();
      if (result != 0) {
        throw new RuncibleException(
            ErrorKind.UNSUPPORTED, "the seccomp filter of a sandbox fails with error " + -result);
      }
    } catch (IOException e) {
      throw WarmSandbox.broken(sandbox, e);
    }
  }

  /** Without the filter the init program ends, so that nothing can run. */
  private static byte[] block(Architecture architecture, byte[] instructions) {
    Script script = new Script(architecture);
    Script.Place failed = new Script.Place();
    script
        .call(SystemCall.SECCOMP, SET_MODE_FILTER, 0, script.filter(instructions))
        .into(InitProgram.REPLY)
        .expect(0, failed);
    script.call(SystemCall.WRITE, 1, InitProgram.REPLY, Long.BYTES);
    script.nextBlock();
    script.here(failed);
    script.call(SystemCall.WRITE, 1, InitProgram.REPLY, Long.BYTES);
    script.call(SystemCall.EXIT_GROUP, 1);
    return script.block();
  }

  /**
   * Compiles a profile.
   *
   * @return the instructions for the kernel
   * @throws RuncibleException UNSUPPORTED for what is to be left to the runtime
   */
  static byte[] compile(SeccompProfile profile) {
    return compile(parse(profile.json(Set.of()).orElseThrow(() -> unsupported("allows all"))));
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

  private static RuncibleException unsupported(String what) {
    return new RuncibleException(ErrorKind.UNSUPPORTED, "the profile " + what);
  }
}
