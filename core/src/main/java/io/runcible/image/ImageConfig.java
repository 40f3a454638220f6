package io.runcible.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.Digest;
import io.runcible.RuncibleException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The configuration of an image: what to run in it and what its layers are uncompressed (OCI image
 * specification, "Image Configuration"). Keeps the bytes it was read from. Immutable.
 *
 * <p>All of it is the image's word: of the values, only the form has been checked.
 */
public final class ImageConfig {
  /** The largest configuration that is read, in bytes. */
  public static final int MAX_SIZE = 8 * 1024 * 1024;

  private static final int MAX_TIME_LENGTH = 64;

  private final byte[] raw;
  private final JsonObject document;
  private final Platform platform;
  private final Optional<Instant> created;
  private final Optional<String> author;
  private final Optional<String> comment;
  private final List<Digest> diffIds;
  private final List<String> entrypoint;
  private final List<String> command;
  private final List<String> environment;
  private final Optional<String> user;
  private final Optional<String> workingDirectory;
  private final Optional<String> stopSignal;
  private final Set<String> volumes;
  private final Set<String> exposedPorts;
  private final Map<String, String> labels;
  private final List<String> shell;
  private final Optional<HealthCheck> healthCheck;

  private ImageConfig(byte[] raw, JsonObject document) {
    this.raw = raw;
    this.document = document;
    this.platform = platform(document);
    this.created = time(document.string("created").orElse(""));
    this.author = nonEmpty(document, "author");
    this.comment = nonEmpty(document, "comment");
    this.diffIds = diffIds(document.requiredObject("rootfs"));
    JsonObject execution = document.objectOrEmpty("config");
    this.entrypoint = execution.strings("Entrypoint");
    this.command = execution.strings("Cmd");
    this.environment = execution.strings("Env");
    this.user = nonEmpty(execution, "User");
    this.workingDirectory = nonEmpty(execution, "WorkingDir");
    this.stopSignal = nonEmpty(execution, "StopSignal");
    this.volumes = execution.names("Volumes");
    this.exposedPorts = execution.names("ExposedPorts");
    this.labels = execution.stringMap("Labels");
    this.shell = execution.strings("Shell");
    this.healthCheck = healthCheck(execution);
  }

  /**
   * Reads a configuration.
   *
   * @param raw the document; copied
   * @throws RuncibleException INVALID_INPUT when it is too large, has a field twice, or a field is
   *     missing or has another type than the specification says
   */
  public static ImageConfig parse(byte[] raw) {
    return new ImageConfig(
        raw.clone(), JsonObject.parse(raw, MAX_SIZE, "configuration of the image"));
  }

  /** Starts a configuration for a new image. */
  public static Builder builder(Platform platform) {
    ObjectNode node = JsonObject.newNode();
    Documents.putPlatform(node, platform);
    node.putObject("rootfs").put("type", "layers").putArray("diff_ids");
    return new Builder(node);
  }

  /** Starts a changed copy; fields that this class does not know stay as they are. */
  public Builder toBuilder() {
    return new Builder(document.copyOfNode());
  }

  private static Platform platform(JsonObject document) {
    Optional<Platform> platform = Documents.platform(document);
    if (platform.isEmpty()) {
      throw document.invalid("architecture", "is missing");
    }
    return platform.get();
  }

  private static Optional<Instant> time(String text) {
    if (text.isEmpty() || text.length() > MAX_TIME_LENGTH) {
      return Optional.empty();
    }
    try {
      return Optional.of(OffsetDateTime.parse(text).toInstant());
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  private static List<Digest> diffIds(JsonObject rootfs) {
    String type = rootfs.requiredString("type");
    if (!type.equals("layers")) {
      throw rootfs.invalid("type", "is " + Shown.of(type) + " instead of 'layers'");
    }
    List<String> texts = rootfs.strings("diff_ids");
    if (texts.size() > Manifest.MAX_LAYERS) {
      throw rootfs.invalid("diff_ids", "has more than " + Manifest.MAX_LAYERS + " elements");
    }
    try {
      List<Digest> digests = new ArrayList<>();
      for (String text : texts) {
        digests.add(Digest.parse(text));
      }
      return List.copyOf(digests);
    } catch (RuncibleException e) {
      throw rootfs.invalid("diff_ids", "is wrong: " + e.getMessage());
    }
  }

  private static Optional<String> nonEmpty(JsonObject object, String field) {
    Optional<String> text = object.string(field);
    return text.isPresent() && text.get().isEmpty() ? Optional.empty() : text;
  }

  /** A field of Docker's that no one else has to know is no reason to refuse an image. */
  private static Optional<HealthCheck> healthCheck(JsonObject execution) {
    try {
      Optional<JsonObject> check = execution.object("Healthcheck");
      return check.isPresent() ? HealthCheck.read(check.get()) : Optional.empty();
    } catch (RuncibleException e) {
      return Optional.empty();
    }
  }

  /** A copy of the bytes it was read from. */
  public byte[] raw() {
    return raw.clone();
  }

  /** The SHA-256 of the raw bytes, also called the id of the image. */
  public Digest digest() {
    return Digest.sha256(raw);
  }

  /** Points at this configuration. */
  public Descriptor descriptor() {
    return Descriptor.of(MediaType.OCI_CONFIG, raw);
  }

  /** What the image was made for. */
  public Platform platform() {
    return platform;
  }

  /** When the image was made; empty also when the text is not a time. */
  public Optional<Instant> created() {
    return created;
  }

  /** Who made it and answers for it. */
  public Optional<String> author() {
    return author;
  }

  /** What was said of its last change, a field of Docker's. */
  public Optional<String> comment() {
    return comment;
  }

  /** The digests of the uncompressed layers, the lowest first; unmodifiable. */
  public List<Digest> diffIds() {
    return diffIds;
  }

  /** What every command is appended to; unmodifiable. */
  public List<String> entrypoint() {
    return entrypoint;
  }

  /** The arguments to the entry point, or the command when there is none; unmodifiable. */
  public List<String> command() {
    return command;
  }

  /** The environment as the image has it, usually {@code NAME=value}; unmodifiable. */
  public List<String> environment() {
    return environment;
  }

  /** The user, as {@code user}, {@code uid}, {@code user:group} or {@code uid:gid}. */
  public Optional<String> user() {
    return user;
  }

  /** The directory to start in. */
  public Optional<String> workingDirectory() {
    return workingDirectory;
  }

  /** The signal that asks the container to stop, such as {@code SIGTERM} or {@code 15}. */
  public Optional<String> stopSignal() {
    return stopSignal;
  }

  /** Directories whose data should outlive the image's layers; unmodifiable. */
  public Set<String> volumes() {
    return volumes;
  }

  /** Ports such as {@code 80/tcp}; unmodifiable. */
  public Set<String> exposedPorts() {
    return exposedPorts;
  }

  /** The labels; unmodifiable. */
  public Map<String, String> labels() {
    return labels;
  }

  /** The shell of commands given as text, a field of Docker's; unmodifiable. */
  public List<String> shell() {
    return shell;
  }

  /** How to find out whether the program works, a field of Docker's; empty if it makes no sense. */
  public Optional<HealthCheck> healthCheck() {
    return healthCheck;
  }

  /** Makes a configuration; equal settings give equal bytes, in whatever order they were made. */
  public static final class Builder {
    private final ObjectNode node;
    private String author = "";
    private String comment = "";

    private Builder(ObjectNode node) {
      this.node = node;
    }

    private ObjectNode execution() {
      return node.withObjectProperty("config");
    }

    private Builder put(String field, Collection<String> values) {
      ArrayNode array = execution().putArray(field);
      values.forEach(array::add);
      return this;
    }

    private Builder putNames(String field, Collection<String> names) {
      ObjectNode object = execution().putObject(field);
      names.forEach(object::putObject);
      return this;
    }

    /** Sets when the image was made. Without it, equal content gives equal images. */
    public Builder created(Instant created) {
      node.put("created", created.toString());
      return this;
    }

    /** Sets who made the image and answers for it; the entries of the history to come say so. */
    public Builder author(String author) {
      node.put("author", author);
      this.author = author;
      return this;
    }

    /**
     * Sets what is said of the image and of the entries of the history to come, such as why it was
     * changed. Empty for nothing.
     */
    public Builder comment(String comment) {
      if (comment.isEmpty()) {
        node.remove("comment");
      } else {
        node.put("comment", comment);
      }
      this.comment = comment;
      return this;
    }

    /** Sets the entry point. */
    public Builder entrypoint(String... entrypoint) {
      return put("Entrypoint", List.of(entrypoint));
    }

    /** Sets the command. */
    public Builder command(String... command) {
      return put("Cmd", List.of(command));
    }

    /** Replaces the environment, a list of {@code NAME=value}. */
    public Builder environment(List<String> environment) {
      return put("Env", environment);
    }

    /** Sets the user. */
    public Builder user(String user) {
      execution().put("User", user);
      return this;
    }

    /** Sets the directory to start in. */
    public Builder workingDirectory(String directory) {
      execution().put("WorkingDir", directory);
      return this;
    }

    /** Sets the signal that asks the container to stop. */
    public Builder stopSignal(String signal) {
      execution().put("StopSignal", signal);
      return this;
    }

    /** Replaces the volumes. */
    public Builder volumes(Set<String> volumes) {
      return putNames("Volumes", volumes);
    }

    /** Replaces the exposed ports, such as {@code 80/tcp}. */
    public Builder exposedPorts(Set<String> ports) {
      return putNames("ExposedPorts", ports);
    }

    /** Replaces the labels. */
    public Builder labels(Map<String, String> labels) {
      ObjectNode object = execution().putObject("Labels");
      labels.forEach(object::put);
      return this;
    }

    /** Sets the shell. */
    public Builder shell(String... shell) {
      return put("Shell", List.of(shell));
    }

    /** Sets how to find out whether the program works. */
    public Builder healthCheck(HealthCheck check) {
      ObjectNode object = execution().putObject("Healthcheck");
      check.test().forEach(object.putArray("Test")::add);
      if (!check.isNone()) {
        object.put("Interval", check.interval().toNanos());
        object.put("Timeout", check.timeout().toNanos());
        object.put("Retries", check.retries());
        object.put("StartPeriod", check.startPeriod().toNanos());
        object.put("StartInterval", check.startInterval().toNanos());
      }
      return this;
    }

    /** Replaces the digests of the uncompressed layers, the lowest first. */
    public Builder diffIds(List<Digest> diffIds) {
      ArrayNode array = node.withObjectProperty("rootfs").putArray("diff_ids");
      diffIds.forEach(diffId -> array.add(diffId.toString()));
      return this;
    }

    /**
     * Adds an entry to the history, unless the entries so far do not fit the layers so far: then
     * there is no telling which one is which.
     *
     * @param created when
     * @param createdBy by what, for a person to read
     * @param layer whether it made a layer; call {@link #diffIds} afterwards
     */
    public Builder history(Instant created, String createdBy, boolean layer) {
      long layers = 0;
      JsonNode history = node.path("history");
      for (JsonNode entry : history) {
        layers += entry.path("empty_layer").asBoolean() ? 0 : 1;
      }
      if (layers == node.at("/rootfs/diff_ids").size()) {
        ArrayNode entries = history instanceof ArrayNode array ? array : node.putArray("history");
        ObjectNode entry = entries.addObject();
        entry.put("created", created.toString()).put("created_by", createdBy);
        if (!author.isEmpty()) {
          entry.put("author", author);
        }
        if (!comment.isEmpty()) {
          entry.put("comment", comment);
        }
        if (!layer) {
          entry.put("empty_layer", true);
        }
      }
      return this;
    }

    /**
     * Makes the configuration.
     *
     * @throws RuncibleException INVALID_INPUT when it would be too large
     */
    public ImageConfig build() {
      return parse(JsonObject.write(node));
    }
  }
}
