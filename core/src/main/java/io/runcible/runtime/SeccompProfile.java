package io.runcible.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.json.JsonTree;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Which system calls a container may make (config-linux.md, "Seccomp"). Immutable. */
public final class SeccompProfile {
  private enum Kind {
    UNCONFINED,
    STANDARD,
    STANDARD_COMPAT,
    UNTRUSTED,
    CUSTOM
  }

  private static final SeccompProfile UNCONFINED = new SeccompProfile(Kind.UNCONFINED, null);
  private static final SeccompProfile STANDARD = new SeccompProfile(Kind.STANDARD, null);
  private static final SeccompProfile STANDARD_COMPAT =
      new SeccompProfile(Kind.STANDARD_COMPAT, null);

  private static final int MAX_TEXTS = 100;
  private static final Map<List<Object>, String> TEXTS = new ConcurrentHashMap<>();

  private static final SeccompProfile UNTRUSTED = new SeccompProfile(Kind.UNTRUSTED, null);

  private final Kind kind;
  private final @Nullable ObjectNode custom;

  private SeccompProfile(Kind kind, @Nullable ObjectNode custom) {
    this.kind = kind;
    this.custom = custom;
  }

  /** Every call is allowed. */
  public static SeccompProfile unconfined() {
    return UNCONFINED;
  }

  /**
   * The usual profile: it forbids what Docker's default forbids, that is what loads kernel code,
   * changes the host's clock, swap, accounting or keys, makes namespaces and mounts without
   * CAP_SYS_ADMIN, opens files by handle, uses io_uring, or opens a socket of the kernel's
   * cryptography or of the hypervisor. What a granted capability is for is allowed with it.
   *
   * <p>A program of another architecture than the host's own, as of 32 bits, is killed at its first
   * call; see {@link #standardWithCompat()}.
   */
  public static SeccompProfile standard() {
    return STANDARD;
  }

  /**
   * As {@link #standard()}, and programs of the 32-bit variants of the host's architecture may run,
   * too. The start of a container takes some milliseconds longer. On x86 the address family of a
   * socket cannot be checked for such programs.
   */
  public static SeccompProfile standardWithCompat() {
    return STANDARD_COMPAT;
  }

  /**
   * As {@link #standard()}, without what ordinary programs do not need: tracing other processes and
   * reading their memory, asynchronous and ring input and output, message queues, file handles,
   * quotas, memory that the kernel itself cannot read, moving pages into pipes, watching file
   * systems, the clock; and of sockets there are only those of Unix, IPv4 and IPv6. What a granted
   * capability is for stays forbidden, too.
   */
  public static SeccompProfile untrusted() {
    return UNTRUSTED;
  }

  /**
   * A profile of the caller's, as the runtime specification has it; it is handed on as it is.
   *
   * @throws RuncibleException INVALID_INPUT if it is not a JSON object with a default action
   */
  public static SeccompProfile of(byte[] json) {
    try {
      JsonNode profile = JsonTree.read(json);
      if (profile instanceof ObjectNode object && object.path("defaultAction").isTextual()) {
        return new SeccompProfile(Kind.CUSTOM, object);
      }
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.INVALID_INPUT, "the seccomp profile is not JSON", e);
    }
    throw SpecChecks.invalid("the seccomp profile is not a JSON object with a defaultAction");
  }

  /** What goes into {@code linux.seccomp}; empty for no confinement. */
  Optional<ObjectNode> toJson(Set<Capability> granted) {
    String architecture = System.getProperty("os.arch", "");
    return switch (kind) {
      case UNCONFINED -> Optional.empty();
      case STANDARD -> Optional.of(StandardSeccomp.resolve(architecture, false, granted));
      case STANDARD_COMPAT -> Optional.of(StandardSeccomp.resolve(architecture, true, granted));
      case UNTRUSTED -> Optional.of(StandardSeccomp.untrusted(architecture));
      case CUSTOM -> Optional.ofNullable(custom).map(ObjectNode::deepCopy);
    };
  }

  /**
   * What a runtime is told ({@code linux.seccomp} of its configuration); empty for no confinement.
   *
   * @param granted what the container may have
   */
  public Optional<String> json(Set<Capability> granted) {
    if (kind == Kind.UNCONFINED || kind == Kind.CUSTOM) {
      return toJson(granted).map(JsonTree::text);
    }
    // Most containers of a program have the same.
    if (TEXTS.size() > MAX_TEXTS) {
      TEXTS.clear();
    }
    return Optional.of(
        TEXTS.computeIfAbsent(
            List.of(kind, Set.copyOf(granted)),
            key -> JsonTree.text(toJson(granted).orElseThrow())));
  }

  /**
   * Compiles it with libseccomp, as a runtime does from {@link #json}. Takes some milliseconds.
   *
   * @param granted what the container may have
   * @return the instructions for the kernel (struct sock_filter)
   * @throws RuncibleException UNSUPPORTED without libseccomp, for no confinement, and for a profile
   *     of the caller's that is to be left to the runtime, as one with another default than ENOSYS
   */
  public byte[] program(Set<Capability> granted) {
    return SeccompProgram.compile(
        json(granted).orElseThrow(() -> SeccompProgram.unsupported("allows all")));
  }

  @Override
  public String toString() {
    return "SeccompProfile[" + kind + "]";
  }
}
