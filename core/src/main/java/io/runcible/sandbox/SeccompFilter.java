package io.runcible.sandbox;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Architecture;
import io.runcible.ffi.Script;
import io.runcible.ffi.ScriptProgram;
import io.runcible.ffi.SystemCall;
import io.runcible.runtime.SeccompProfile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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
      return new SeccompFilter(profile, block(architecture, profile.program(Set.of())));
    } catch (RuncibleException e) {
      log().debug("the runtime compiles the seccomp profile for each sandbox: {}", e.getMessage());
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
        .into(ScriptProgram.REPLY)
        .expect(0, failed);
    script.call(SystemCall.WRITE, 1, ScriptProgram.REPLY, Long.BYTES);
    script.nextBlock();
    script.here(failed);
    script.call(SystemCall.WRITE, 1, ScriptProgram.REPLY, Long.BYTES);
    script.call(SystemCall.EXIT_GROUP, 1);
    return script.block();
  }

  private static Logger log() {
    return LoggerFactory.getLogger(SeccompFilter.class);
  }
}
