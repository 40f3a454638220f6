package io.runcible.ffi;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Names a process for others, in a file that outlives it: its number alone may be given anew. */
public final class ProcessName {
  private static final Path PROC = Path.of("/proc");
  private static final Path NAMESPACE = Path.of("/proc/self/ns/pid");

  private ProcessName() {}

  /** That of this process; empty if it cannot tell. */
  public static String own() {
    // A handle of the process would bring a thread pool of the JVM with it.
    String pid = link(PROC.resolve("self"));
    String namespace = namespace();
    if (pid.isEmpty() || namespace.isEmpty()) {
      return "";
    }
    OptionalLong start = ProcessStat.startOf(PROC.resolve(pid));
    return start.isEmpty() ? "" : namespace + " " + pid + " " + start.getAsLong();
  }

  /**
   * Whether the process is gone, or only still to be reaped. Of what is no name, or names a process
   * of another pid namespace, nobody can say so.
   */
  public static boolean isGone(String name) {
    String[] words = name.split(" ", -1);
    if (words.length != 3 || words[0].isEmpty() || !words[0].equals(namespace())) {
      return false;
    }
    try {
      int pid = Integer.parseInt(words[1]);
      OptionalLong start = ProcessStat.startOf(PROC.resolve(Integer.toString(pid)));
      return start.isEmpty() || start.getAsLong() != Long.parseLong(words[2]);
    } catch (NumberFormatException e) {
      return false;
    }
  }

  private static String namespace() {
    return link(NAMESPACE);
  }

  private static String link(Path path) {
    try {
      return Files.readSymbolicLink(path).toString();
    } catch (IOException e) {
      return "";
    }
  }
}
