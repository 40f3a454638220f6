package io.runcible.runtime;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.json.JsonTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a runtime keeps of a container: {@code state.json} of runc or {@code status} of crun.
 *
 * @param pid the first process
 * @param startTime its start, in clock ticks since boot
 * @param createdText when the container was created, as the runtime writes it
 * @param bundle its bundle
 * @param cgroup its control group, if it has one
 */
record StateFile(
    int pid, long startTime, String createdText, Optional<Path> bundle, Optional<Cgroup> cgroup) {
  private static final long MAX_SIZE = 4L << 20;
  private static final String CONFIG = "config";
  private static final String LABELS = "labels";

  /** Reads what is in the directory of one container; empty if there is nothing. */
  @SuppressWarnings("ThreadPriorityCheck")
  static Optional<StateFile> read(Path directory, Cgroups cgroups) {
    try {
      Optional<JsonNode> runc = json(directory.resolve("state.json"));
      if (runc.isPresent()) {
        return runc.map(StateFile::ofRunc);
      }
      return json(directory.resolve("status")).map(state -> ofCrun(state, cgroups));
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.CORRUPT_DATA,
          "the runtime's state in '" + directory + "' cannot be read: " + e.getMessage(),
          e);
    }
  }

  private static Optional<JsonNode> json(Path file) throws IOException {
    // Who waits for a start asks this often, and an exception costs more than all else here.
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      long size = Files.size(file);
      if (size > MAX_SIZE) {
        throw new IOException("'" + file + "' has " + size + " bytes");
      }
      try (JsonParser parser = JsonTree.parser(Files.readAllBytes(file))) {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
          throw new IOException("'" + file + "' is not a JSON object");
        }
        return Optional.of(read(parser, true));
      }
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /** Without the configuration, which is most of it, but for the labels in there. */
  private static ObjectNode read(JsonParser parser, boolean top) throws IOException {
    ObjectNode read = JsonNodeFactory.instance.objectNode();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      JsonToken value = parser.nextToken();
      if (top && name.equals(CONFIG) && value == JsonToken.START_OBJECT) {
        read.set(name, read(parser, false));
      } else if (top || name.equals(LABELS)) {
        read.set(name, JsonTree.value(parser));
      } else {
        parser.skipChildren();
      }
    }
    return read;
  }

  private static StateFile ofRunc(JsonNode state) {
    @Nullable String bundle = null;
    for (JsonNode label : state.path(CONFIG).path(LABELS)) {
      if (label.asText().startsWith("bundle=")) {
        bundle = label.asText().substring("bundle=".length());
      }
    }
    List<Path> directories = new ArrayList<>();
    state.path("cgroup_paths").forEach(path -> directories.add(Path.of(path.asText())));
    return new StateFile(
        state.path("init_process_pid").asInt(),
        state.path("init_process_start").asLong(),
        state.path("created").asText(),
        Optional.ofNullable(bundle).map(Path::of),
        Optional.of(directories).filter(list -> !list.isEmpty()).map(Cgroup::new));
  }

  private static StateFile ofCrun(JsonNode state, Cgroups cgroups) {
    String cgroup = state.path("cgroup-path").asText("");
    return new StateFile(
        state.path("pid").asInt(),
        state.path("process-start-time").asLong(),
        state.path("created").asText(),
        Optional.of(state.path("bundle").asText("")).filter(s -> !s.isEmpty()).map(Path::of),
        cgroup.startsWith("/") && cgroup.length() > 1
            ? Optional.of(cgroups.group(cgroup))
            : Optional.empty());
  }

  /** Read when it is asked for: that costs as much as all else here. */
  Instant created() {
    try {
      return Instant.parse(createdText);
    } catch (DateTimeParseException e) {
      return Instant.EPOCH;
    }
  }
}
