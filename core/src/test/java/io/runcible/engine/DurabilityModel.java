package io.runcible.engine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a power cut could still take away, after each of the system calls in a recording of strace:
 * contents that were written and not synced, and names that were made and whose directory was not.
 * Stricter than any file system, since nothing becomes durable but by a sync that names it.
 */
final class DurabilityModel {
  private static final Pattern CALL =
      Pattern.compile("^(\\d+) +(\\w+)\\((.*)\\) += (-?\\d+)(?:<(.*?)>)?(?: .*)?$");
  private static final Pattern DESCRIPTOR = Pattern.compile("(?:\\d+|AT_FDCWD)<([^>]*)>");
  private static final Pattern TEXT = Pattern.compile("\"((?:[^\"\\\\]++|\\\\.)*+)\"");

  private final Path root;
  private final Set<Path> contents = new HashSet<>();
  private final Set<Path> names = new HashSet<>();
  private final Map<String, String> unfinished = new HashMap<>();
  private BiConsumer<Path, DurabilityModel> onRename = (target, model) -> {};
  private int syncs;
  private int calls;

  DurabilityModel(Path root) {
    this.root = root;
  }

  /** Hears of each rename, when it has been made and nothing after it. */
  DurabilityModel onRename(BiConsumer<Path, DurabilityModel> listener) {
    onRename = listener;
    return this;
  }

  /** What is at or below a path and could be lost. */
  List<Path> losable(Path path) {
    List<Path> found = new ArrayList<>();
    contents.stream().filter(p -> p.startsWith(path)).forEach(found::add);
    names.stream().filter(p -> p.startsWith(path)).forEach(found::add);
    return found;
  }

  boolean contentIsDurable(Path file) {
    return !contents.contains(file);
  }

  /** How many calls the model understood that concern its directory. */
  int calls() {
    return calls;
  }

  /** How many syncs of the whole file system there were. */
  int syncs() {
    return syncs;
  }

  /** The next line; a call that strace shows in two parts counts when it returns. */
  void line(String line) {
    String thread = line.replaceAll(" .*", "");
    if (line.endsWith("<unfinished ...>")) {
      unfinished.put(thread, line.substring(0, line.length() - "<unfinished ...>".length()));
      return;
    }
    Matcher resumed = Pattern.compile("^\\d+ +<\\.\\.\\. \\w+ resumed>(.*)$").matcher(line);
    String whole = resumed.matches() ? unfinished.remove(thread) + resumed.group(1) : line;
    Matcher call = CALL.matcher(whole);
    if (call.matches() && !call.group(4).startsWith("-")) {
      call(call.group(2), call.group(3), call.group(5));
    }
  }

  private void call(String name, String arguments, String result) {
    List<Path> paths = paths(arguments);
    switch (name) {
      case "openat", "openat2", "open", "creat" -> {
        if (arguments.contains("O_CREAT") && result != null) {
          made(Path.of(result));
        }
      }
      case "write", "pwrite64", "writev", "ftruncate" -> written(descriptor(arguments, 0));
      case "copy_file_range" -> written(descriptor(arguments, 1));
      case "mkdir", "mkdirat", "mknodat", "mknod" -> paths.forEach(this::made);
      case "symlink", "symlinkat", "link", "linkat", "rename", "renameat", "renameat2" -> {
        if (!paths.isEmpty()) {
          Path target = paths.get(paths.size() - 1);
          if (name.startsWith("rename")) {
            renamed(paths.get(0), target);
          } else {
            made(target);
          }
        }
      }
      case "unlink", "unlinkat", "rmdir" -> paths.forEach(this::removed);
      case "fsync", "fdatasync" -> synced(descriptor(arguments, 0));
      case "syncfs" -> {
        contents.clear();
        names.clear();
        syncs++;
      }
      default -> {
        // Changes nothing that could be lost.
      }
    }
  }

  /** The paths among the arguments, each text relative to the descriptor before it. */
  private static List<Path> paths(String arguments) {
    List<Path> found = new ArrayList<>();
    Matcher text = TEXT.matcher(arguments);
    while (text.find()) {
      Path base = Path.of("/");
      Matcher before = DESCRIPTOR.matcher(arguments.substring(0, text.start()));
      while (before.find()) {
        base = Path.of(before.group(1));
      }
      found.add(base.resolve(text.group(1)).normalize());
    }
    return found;
  }

  private static Path descriptor(String arguments, int index) {
    Matcher descriptors = DESCRIPTOR.matcher(arguments);
    Path found = Path.of("/");
    for (int i = 0; i <= index && descriptors.find(); i++) {
      found = Path.of(descriptors.group(1));
    }
    return found;
  }

  private boolean concerns(Path path) {
    if (path.startsWith(root)) {
      calls++;
      return true;
    }
    return false;
  }

  private void made(Path path) {
    if (concerns(path)) {
      names.add(path);
    }
  }

  private void written(Path path) {
    if (concerns(path)) {
      contents.add(path);
    }
  }

  private void removed(Path path) {
    if (concerns(path)) {
      contents.remove(path);
      names.remove(path);
    }
  }

  private void synced(Path path) {
    if (concerns(path)) {
      contents.remove(path);
      names.removeIf(name -> path.equals(name.getParent()));
    }
  }

  private void renamed(Path from, Path to) {
    if (concerns(to)) {
      move(contents, from, to);
      move(names, from, to);
      names.add(to);
      onRename.accept(to, this);
    }
  }

  private static void move(Set<Path> paths, Path from, Path to) {
    List<Path> moved = paths.stream().filter(path -> path.startsWith(from)).toList();
    moved.forEach(paths::remove);
    moved.forEach(path -> paths.add(to.resolve(from.relativize(path))));
  }
}
