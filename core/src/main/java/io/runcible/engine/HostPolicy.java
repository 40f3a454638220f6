package io.runcible.engine;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import io.runcible.json.JsonTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The policy of the host for images (containers-policy.json). This release cannot verify what a
 * policy may ask for, so a pull that the policy does not simply accept is refused: a policy is
 * never ignored.
 */
final class HostPolicy {
  private static final long MAX_SIZE = 1 << 20;
  private static final String ACCEPT = "insecureAcceptAnything";
  private static final String REJECT = "reject";
  private static final Set<String> MEMBERS = Set.of("default", "transports");

  /** Those of containers-transports(5), and one that older files have. */
  private static final Set<String> TRANSPORTS =
      Set.of(
          "atomic",
          "containers-storage",
          "dir",
          "docker",
          "docker-archive",
          "docker-daemon",
          "oci",
          "oci-archive",
          "ostree",
          "sif",
          "tarball");

  private final List<Path> places;

  /** The first file that exists counts, and one that may exist and cannot be seen does. */
  HostPolicy(List<Path> places) {
    this.places = List.copyOf(places);
  }

  static HostPolicy ofThisHost() {
    return new HostPolicy(
        List.of(
            EngineBuilder.home().resolve(".config/containers/policy.json"),
            Path.of("/etc/containers/policy.json")));
  }

  /**
   * Returns if the policy accepts the image by the name that was asked for, and by those of the
   * mirrors and the location where it is looked for: an image may come from any of them, so each
   * that is rejected is a reason to refuse it.
   *
   * @throws RuncibleException as for {@link #requireAccepted(ImageReference)}
   */
  void requireAccepted(ImageReference reference, List<ImageReference> effective) {
    requireAccepted(reference);
    for (ImageReference name : effective) {
      try {
        requireAccepted(name);
      } catch (RuncibleException e) {
        throw new RuncibleException(
            e.kind(), reference + " is looked for as " + name + ", and " + e.getMessage(), e);
      }
    }
  }

  /**
   * Returns if the policy accepts the image as it is.
   *
   * @throws RuncibleException UNSUPPORTED if it asks for a signature, PERMISSION_DENIED if it
   *     rejects the image, FAILED_PRECONDITION if the policy cannot be understood
   */
  void requireAccepted(ImageReference reference) {
    Optional<Path> file = places.stream().filter(place -> !Files.notExists(place)).findFirst();
    if (file.isEmpty()) {
      return;
    }
    for (JsonNode requirement : requirements(file.get(), reference)) {
      String type = requirement.path("type").asText();
      switch (type) {
        case ACCEPT -> {}
        case REJECT ->
            throw new RuncibleException(
                ErrorKind.PERMISSION_DENIED,
                "the policy '"
                    + file.get()
                    + "' rejects "
                    + reference
                    + "; it has to be changed before the image can be used here");
        default ->
            throw new RuncibleException(
                ErrorKind.UNSUPPORTED,
                "the policy '"
                    + file.get()
                    + "' asks for '"
                    + type
                    + "' for "
                    + reference
                    + ", which this release cannot check; pass an ImageVerifier to the engine, or"
                    + " change the policy");
      }
    }
  }

  private static JsonNode requirements(Path file, ImageReference reference) {
    JsonNode policy = parse(file);
    checkAll(file, policy);
    JsonNode scopes = policy.path("transports").path("docker");
    for (String scope : scopes(reference)) {
      if (scopes.has(scope)) {
        return scopes.get(scope);
      }
    }
    return policy.path("default");
  }

  /**
   * A member that is misspelt must not count as one that is not there: as containers-policy.json(5)
   * says, an unrecognized one makes the file invalid, wherever it stands.
   */
  private static void checkAll(Path file, JsonNode policy) {
    if (!policy.isObject()) {
      throw malformed(file, "it is not an object", null);
    }
    checkMembers(file, "the policy", policy, MEMBERS);
    checkRequirements(file, "default", policy.path("default"));
    JsonNode transports = object(file, policy, "transports");
    checkMembers(file, "'transports'", transports, TRANSPORTS);
    transports
        .fieldNames()
        .forEachRemaining(
            transport ->
                object(file, transports, transport)
                    .properties()
                    .forEach(scope -> checkRequirements(file, scope.getKey(), scope.getValue())));
  }

  private static void checkMembers(Path file, String where, JsonNode node, Set<String> known) {
    node.fieldNames()
        .forEachRemaining(
            name -> {
              if (!known.contains(name)) {
                throw malformed(file, where + " has the unknown member '" + name + "'", null);
              }
            });
  }

  private static void checkRequirements(Path file, String scope, JsonNode requirements) {
    if (!requirements.isArray() || requirements.isEmpty()) {
      throw malformed(file, "'" + scope + "' is not a list of requirements", null);
    }
    for (JsonNode requirement : requirements) {
      JsonNode type = requirement.path("type");
      if (!type.isTextual()) {
        throw malformed(file, "a requirement of '" + scope + "' has no type", null);
      }
      // What others may hold is left to a release that can check them; they accept nothing here.
      if (type.asText().equals(ACCEPT) || type.asText().equals(REJECT)) {
        checkMembers(file, "a requirement of '" + scope + "'", requirement, Set.of("type"));
      }
    }
  }

  /** A member that is an object, or is not there. */
  private static JsonNode object(Path file, JsonNode parent, String name) {
    JsonNode member = parent.path(name);
    if (!member.isMissingNode() && !member.isObject()) {
      throw malformed(file, "'" + name + "' is not an object", null);
    }
    return member;
  }

  private static JsonNode parse(Path file) {
    try {
      if (Files.size(file) > MAX_SIZE) {
        throw malformed(file, "it is larger than " + MAX_SIZE + " bytes", null);
      }
      JsonFactory factory =
          JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
      return JsonTree.document(factory.createParser(Files.readAllBytes(file)));
    } catch (IOException e) {
      throw malformed(file, "it cannot be read as JSON", e);
    }
  }

  private static RuncibleException malformed(
      Path file, String reason, @Nullable IOException cause) {
    return new RuncibleException(
        ErrorKind.FAILED_PRECONDITION,
        "the policy '"
            + file
            + "' cannot be followed, so no image is accepted until it is mended: "
            + reason,
        cause);
  }

  /** From the most to the least specific; only the first that the policy has counts. */
  private static List<String> scopes(ImageReference reference) {
    List<String> scopes = new ArrayList<>();
    String name = reference.registry() + "/" + reference.repository();
    reference.digest().ifPresent(digest -> scopes.add(name + "@" + digest));
    if (reference.digest().isEmpty()) {
      reference.tag().ifPresent(tag -> scopes.add(name + ":" + tag));
    }
    for (String prefix = name; ; prefix = prefix.substring(0, prefix.lastIndexOf('/'))) {
      scopes.add(prefix);
      if (prefix.indexOf('/') < 0) {
        break;
      }
    }
    String host = reference.registry();
    int dot = host.indexOf('.');
    while (dot >= 0) {
      scopes.add("*" + host.substring(dot));
      dot = host.indexOf('.', dot + 1);
    }
    scopes.add("");
    return scopes;
  }
}
