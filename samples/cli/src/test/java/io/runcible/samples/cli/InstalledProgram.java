package io.runcible.samples.cli;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.runcible.engine.Capabilities;
import io.runcible.engine.ContainerEngine;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/**
 * The program, where other users may read it: the sources may lie where only their owner comes. All
 * tests of a JVM have the same one.
 */
final class InstalledProgram implements BeforeAllCallback {
  private static final Path TARGET = Path.of("target");

  private static volatile Path installed;

  @Override
  public void beforeAll(ExtensionContext context) {
    Capabilities host = ContainerEngine.capabilities();
    assumeTrue(host.canRun() || Boolean.getBoolean("runcible.required"), host::toString);
    Removal unused =
        context
            .getRoot()
            .getStore(Namespace.create(InstalledProgram.class))
            .getOrComputeIfAbsent("installed", key -> install(), Removal.class);
  }

  private static Removal install() {
    try {
      installed = Files.createTempDirectory("runcible-cli-");
      Files.setPosixFilePermissions(installed, PosixFilePermissions.fromString("rwxr-xr-x"));
      Sample.tool("cp", "-r", jar(TARGET), TARGET.resolve("lib"), installed);
      makeArchive(Files.createDirectory(installed.resolve("training")));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
    return new Removal();
  }

  /** What is closed when the last test has ended. */
  private static final class Removal implements AutoCloseable {
    @Override
    public void close() {
      try {
        Sample.tool("rm", "-rf", installed);
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** As the launcher makes one: otherwise half of each start goes into loading classes. */
  private static void makeArchive(Path files) throws Exception {
    Path archive = archive();
    Path list = files.resolve("list");
    List<String> look =
        java(
            List.of("-XX:+UseSerialGC", "-Xshare:off", "-XX:DumpLoadedClassList=" + list),
            Training.class);
    look.add(files.toString());
    List<String> dump =
        java(
            List.of(
                "-XX:+UseG1GC",
                "-Xshare:dump",
                "-XX:SharedClassListFile=" + list,
                "-XX:SharedArchiveFile=" + archive),
            Cli.class);
    for (List<String> command : List.of(look, dump)) {
      Sample.tool(command.toArray());
    }
  }

  private static List<String> java(List<String> options, Class<?> main) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                "-Dslf4j.provider=org.slf4j.simple.SimpleServiceProvider",
                "-Dslf4j.internal.verbosity=WARN",
                "-Dpicocli.disable.closures=true"));
    if (Runtime.version().feature() < 21) {
      command.add("-Djava.locale.providers=COMPAT");
    }
    if (Runtime.version().feature() >= 22) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(options);
    command.addAll(List.of("-cp", classPath(), main.getName()));
    return command;
  }

  /** Each jar by its name: an archive of classes is for one class path and no other. */
  private static String classPath() throws IOException {
    try (Stream<Path> jars = Files.list(installed.resolve("lib"))) {
      return Stream.concat(Stream.of(jar(installed)), jars.sorted())
          .map(Path::toString)
          .collect(Collectors.joining(File.pathSeparator));
    }
  }

  private static Path archive() {
    return installed.resolve("commands.jsa");
  }

  /** The words that start the command line. */
  static List<String> start() throws IOException {
    List<String> options = new ArrayList<>(List.of("-XX:+UseSerialGC"));
    if (Files.exists(archive())) {
      options.add("-XX:SharedArchiveFile=" + archive());
    }
    return java(options, Cli.class);
  }

  private static Path jar(Path build) throws IOException {
    try (Stream<Path> jars = Files.list(build)) {
      return jars.filter(jar -> jar.getFileName().toString().matches("runcible-cli-.*\\.jar"))
          .findFirst()
          .orElseThrow();
    }
  }
}
