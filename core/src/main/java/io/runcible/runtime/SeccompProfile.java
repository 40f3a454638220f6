package io.runcible.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which system calls a container may make (config-linux.md, "Seccomp"). Immutable. */
public final class SeccompProfile {
  private static final SeccompProfile UNCONFINED = new SeccompProfile(null);

  private final @Nullable ObjectNode custom;

  private SeccompProfile(@Nullable ObjectNode custom) {
    this.custom = custom;
  }

  /** Every call is allowed. */
  public static SeccompProfile unconfined() {
    return UNCONFINED;
  }

  /** The usual profile. */
  public static SeccompProfile standard() {
    return UNCONFINED;
  }

  /**
   * A profile of the caller's, as the runtime specification has it; it is handed on as it is.
   *
   * @throws RuncibleException INVALID_INPUT if it is not a JSON object with a default action
   */
  public static SeccompProfile of(byte[] json) {
    try {
      JsonNode profile = new ObjectMapper().readTree(json);
      if (profile instanceof ObjectNode object && object.path("defaultAction").isTextual()) {
        return new SeccompProfile(object);
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "the seccomp profile is not JSON: " + e.getMessage(), e);
    }
    throw SpecChecks.invalid("the seccomp profile is not a JSON object with a defaultAction");
  }

  /** What goes into {@code linux.seccomp}; empty for no confinement. */
  Optional<ObjectNode> toJson(Set<Capability> granted) {
    return Optional.ofNullable(custom).map(ObjectNode::deepCopy);
  }
}
