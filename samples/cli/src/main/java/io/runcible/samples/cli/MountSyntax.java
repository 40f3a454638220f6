package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.IdRange;
import io.runcible.engine.Mount;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Mounts as docker and podman write them. */
final class MountSyntax {
  /** For all containers, and for one alone. */
  private static final Set<String> RELABEL = Set.of("z", "Z");

  private MountSyntax() {}

  /** Whether the files get the label of the container's. */
  static boolean relabels(String volume) {
    String[] parts = volume.split(":", -1);
    return parts.length == 3 && Stream.of(parts[2].split(",", -1)).anyMatch(RELABEL::contains);
  }

  /**
   * {@code [SOURCE:]DESTINATION[:OPTIONS]}; a source without a slash is a volume.
   *
   * @param labels whether the container's files have SELinux labels; without them there is none to
   *     give
   */
  static Mount volume(String text, boolean labels) {
    String[] parts = text.split(":", -1);
    if (parts.length > 3) {
      throw invalid("'" + text + "' is not [SOURCE:]DESTINATION[:OPTIONS]");
    }
    if (parts.length == 1) {
      return Mount.volume(parts[0]);
    }
    List<String> options = parts.length == 3 ? List.of(parts[2].split(",", -1)) : List.of();
    boolean path = parts[0].startsWith("/") || parts[0].startsWith(".");
    boolean overlay = options.contains("O");
    Mount mount =
        !path
            ? Mount.volume(parts[0], parts[1])
            : overlay
                ? Mount.overlay(Path.of(parts[0]), parts[1])
                : Mount.bind(Path.of(parts[0]), parts[1]);
    for (String option : options) {
      if (RELABEL.contains(option)) {
        mount = relabeled(mount, option.equals("z"), labels);
      } else if (!(path && option.equals("O"))) {
        mount = option(mount, option);
      }
    }
    return mount;
  }

  private static Mount option(Mount mount, String option) {
    if (option.startsWith("idmap=")) {
      return idMapped(mount, option.substring("idmap=".length()));
    }
    return switch (option) {
      // As it is anyway; the latter of other systems alone.
      case "rw", "rbind", "cached", "delegated", "consistent" -> mount;
      case "ro" -> mount.readOnly();
      case "nocopy" -> mount.withoutCopy();
      case "private", "rprivate", "slave", "rslave", "shared", "rshared" ->
          mount.propagation(propagation(option));
      default -> throw invalid("no mount has an option '" + option + "'");
    };
  }

  /** Of other kinds than a bind mount the engine refuses a label itself. */
  private static Mount relabeled(Mount mount, boolean shared, boolean labels) {
    return labels && mount.kind() == Mount.Kind.BIND ? mount.relabeled(shared) : mount;
  }

  private static Mount.Propagation propagation(String text) {
    return switch (text) {
      case "private", "rprivate" -> Mount.Propagation.PRIVATE;
      case "slave", "rslave" -> Mount.Propagation.SLAVE;
      case "shared", "rshared" -> Mount.Propagation.SHARED;
      default -> throw invalid("'" + text + "' is no propagation");
    };
  }

  /** {@code type=TYPE,destination=PATH} and more, with commas. */
  static Mount mount(String text, boolean labels) {
    Map<String, String> fields = new LinkedHashMap<>();
    for (String field : text.split(",", -1)) {
      int equals = field.indexOf('=');
      String key = equals < 0 ? field : field.substring(0, equals);
      if (fields.put(canonical(key), equals < 0 ? "true" : field.substring(equals + 1)) != null) {
        throw invalid("'" + text + "' says '" + key + "' twice");
      }
    }
    String type = fields.getOrDefault("type", "volume");
    fields.remove("type");
    String destination = take(fields, "destination", text);
    Mount mount =
        switch (type) {
          case "bind" -> bind(fields, destination, text);
          case "tmpfs" -> Mount.tmpfs(destination);
          case "image" -> Mount.image(take(fields, "source", text), destination);
          case "volume" -> {
            String source = fields.remove("source");
            yield source == null ? Mount.volume(destination) : Mount.volume(source, destination);
          }
          default -> throw invalid("there is no type of mounts '" + type + "'");
        };
    for (Map.Entry<String, String> field : fields.entrySet()) {
      mount =
          field.getKey().equals("relabel") && mount.kind() == Mount.Kind.BIND
              ? relabeled(mount, isShared(field.getValue()), labels)
              : apply(mount, field.getKey(), field.getValue());
    }
    return mount;
  }

  private static boolean isShared(String relabel) {
    return switch (relabel) {
      case "shared" -> true;
      case "private" -> false;
      default -> throw invalid("a label is shared or private, and not '" + relabel + "'");
    };
  }

  private static String canonical(String key) {
    return switch (key) {
      case "src" -> "source";
      case "dst", "target" -> "destination";
      case "ro" -> "readonly";
      case "tmpfs-size" -> "size";
      case "tmpfs-mode" -> "mode";
      case "bind-propagation" -> "propagation";
      case "volume-nocopy" -> "nocopy";
      default -> key;
    };
  }

  private static Mount bind(Map<String, String> fields, String destination, String text) {
    Path source = Path.of(take(fields, "source", text));
    return "true".equals(fields.remove("O"))
        ? Mount.overlay(source, destination)
        : Mount.bind(source, destination);
  }

  private static Mount apply(Mount mount, String key, String value) {
    return switch (key) {
      case "readonly" -> flag(key, value) ? mount.readOnly() : mount;
      case "nocopy" -> flag(key, value) ? mount.withoutCopy() : mount;
      case "propagation" -> mount.propagation(propagation(value));
      case "size" -> mount.size(value);
      case "mode" -> mount.mode(mode(value));
      case "idmap" -> idMapped(mount, value);
      default -> throw invalid("a mount of kind " + mount.kind() + " has no '" + key + "'");
    };
  }

  /**
   * {@code uids=HOST-CONTAINER-COUNT[#…];gids=…}, each range with the first id of the files, the
   * one that it is in the container, and how many; without {@code gids} they are the same.
   */
  private static Mount idMapped(Mount mount, String text) {
    Map<String, List<IdRange>> ids = new LinkedHashMap<>();
    for (String part : text.split(";", -1)) {
      int equals = part.indexOf('=');
      String key = equals < 0 ? part : part.substring(0, equals);
      boolean known = key.equals("uids") || key.equals("gids");
      if (!known || ids.put(key, ranges(part.substring(equals + 1))) != null) {
        throw invalid("'" + text + "' is not uids=HOST-CONTAINER-COUNT[#...];gids=...");
      }
    }
    List<IdRange> uids = ids.get("uids");
    if (uids == null) {
      throw invalid("'" + text + "' has no uids");
    }
    return mount.idMapped(uids, ids.getOrDefault("gids", uids));
  }

  private static List<IdRange> ranges(String text) {
    List<IdRange> ranges = new ArrayList<>();
    for (String range : text.split("#", -1)) {
      String[] numbers = range.split("-", -1);
      try {
        if (numbers.length != 3) {
          throw new NumberFormatException(range);
        }
        ranges.add(
            new IdRange(
                Long.parseLong(numbers[1]),
                Long.parseLong(numbers[0]),
                Long.parseLong(numbers[2])));
      } catch (NumberFormatException e) {
        throw invalid("'" + range + "' is not HOST-CONTAINER-COUNT");
      }
    }
    return ranges;
  }

  private static boolean flag(String key, String value) {
    return switch (value) {
      case "true", "1" -> true;
      case "false", "0" -> false;
      default -> throw invalid("'" + key + "' is true or false, and not '" + value + "'");
    };
  }

  /** {@code DESTINATION[:OPTIONS]}. */
  static Mount tmpfs(String text) {
    int colon = text.indexOf(':');
    Mount mount = Mount.tmpfs(colon < 0 ? text : text.substring(0, colon));
    if (colon < 0) {
      return mount;
    }
    for (String option : text.substring(colon + 1).split(",", -1)) {
      int equals = option.indexOf('=');
      String key = equals < 0 ? option : option.substring(0, equals);
      String value = option.substring(equals + 1);
      mount =
          switch (key) {
            case "size" -> mount.size(value);
            case "mode" -> mount.mode(mode(value));
            case "rw", "nosuid", "nodev", "exec" -> mount; // As it is anyway.
            case "ro" -> mount.readOnly();
            default -> throw invalid("a file system in memory has no option '" + option + "'");
          };
    }
    return mount;
  }

  private static int mode(String text) {
    try {
      return Integer.parseInt(text, 8);
    } catch (NumberFormatException e) {
      throw invalid("'" + text + "' is no mode, such as 1777");
    }
  }

  private static String take(Map<String, String> fields, String key, String text) {
    String value = fields.remove(key);
    if (value == null || value.isEmpty()) {
      throw invalid("'" + text + "' has no " + key);
    }
    return value;
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }
}
