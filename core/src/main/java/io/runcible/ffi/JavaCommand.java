package io.runcible.ffi;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The command of a second JVM of this program, for work in other namespaces: a JVM has too many
 * threads to enter a user namespace itself.
 */
public final class JavaCommand {
  private JavaCommand() {}

  /**
   * This JVM's program, class path and archive of classes, and flags that make a short run short.
   * The optimizing compiler stays where Java itself computes SHA-256: only that one uses the
   * processor's instructions for it.
   *
   * @param main the class to run
   */
  public static List<String> of(Class<?> main) {
    String path =
        Stream.of("java.class.path", "jdk.module.path")
            .map(System::getProperty)
            .filter(value -> value != null && !value.isEmpty())
            .flatMap(value -> Stream.of(value.split(File.pathSeparator)))
            .flatMap(JavaCommand::jars)
            .collect(Collectors.joining(File.pathSeparator));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:-UsePerfData"));
    if (NativeSha256.isAvailable()) {
      command.add("-XX:TieredStopAtLevel=1");
    }
    command.addAll(archive());
    command.addAll(List.of("-cp", path, main.getName()));
    return command;
  }

  /**
   * The environment of such a JVM: that of other programs, but with this JVM's encoding of paths,
   * which the C locale has none but ASCII letters for.
   */
  public static Map<String, String> environment() {
    Map<String, String> environment = new HashMap<>(Spawn.plainEnvironment());
    environment.remove("LC_ALL");
    environment.put("LC_CTYPE", locale());
    return Map.copyOf(environment);
  }

  /** The locale that decides how this JVM reads and writes paths. */
  public static String locale() {
    return Stream.of("LC_ALL", "LC_CTYPE", "LANG")
        .map(System::getenv)
        .filter(value -> value != null && !value.isEmpty())
        .findFirst()
        .orElse("C");
  }

  /** The archive of classes that this JVM was started with, which is for the same class path. */
  private static List<String> archive() {
    String main = System.getProperty("sun.java.command", "").split(" ", 2)[0];
    try {
      return Stream.of(Files.readString(Path.of("/proc/self/cmdline"), ISO_8859_1).split("\0", -1))
          .takeWhile(argument -> !argument.equals(main))
          .filter(argument -> argument.startsWith("-XX:SharedArchiveFile="))
          .findFirst()
          // Where it does not fit, nothing is to be said of it.
          .map(found -> List.of(found, "-Xlog:cds=off", "-Xlog:cds+dynamic=off"))
          .orElse(List.of());
    } catch (IOException e) {
      return List.of();
    }
  }

  /** A directory on the module path stands for the jars in it. */
  private static Stream<String> jars(String entry) {
    Path path = Path.of(entry);
    if (!Files.isDirectory(path) || Files.exists(path.resolve("module-info.class"))) {
      return Stream.of(entry);
    }
    return Stream.of(entry, path.resolve("*").toString());
  }
}
