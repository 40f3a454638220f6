package io.runcible.samples.recipes;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.ContainerEngine;
import io.runcible.junit.EnabledIfContainersAvailable;
import io.runcible.junit.RunContainer;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What somebody does who has only the README: an empty Maven project, its properties, dependencies,
 * plugin and test, and {@code mvn test}. Only what is fetched differs: the image comes from a
 * registry on loopback, and Maven works offline, with the jars of this build in a local repository
 * that has everything else from that of this build.
 */
@EnabledIfContainersAvailable
class NewcomerIT {
  private static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();

  @TempDir Path directory;

  @Test
  void testOfTheReadmePassesInAnEmptyProject() throws Exception {
    require(isOnPath("mvn"), "there is no mvn on the path: apt-get install maven");
    String readme = Files.readString(ROOT.resolve("README.md"));
    String imports = example(readme, "import org.junit");
    String test = example(readme, "@RunContainer(");
    assertThat(test.lines().filter(line -> line.matches(".*\\w.*"))).hasSizeLessThan(10);

    try (RegistryServer registry = serveImages()) {
      String image = registry.host() + "/test:redis";
      try {
        Path project =
            project(
                readme,
                imports + '\n' + test.replaceAll("image = \"[^\"]+\"", "image = \"" + image + '"'));
        runMaven(project);
        assertThat(project.resolve("target/surefire-reports/TEST-CacheTest.xml"))
            .content()
            .contains("tests=\"1\"", "errors=\"0\"", "skipped=\"0\"", "failures=\"0\"");
      } finally {
        try (ContainerEngine engine = ContainerEngine.create()) {
          engine.images().remove(image);
        }
      }
    }
  }

  private Path project(String readme, String test) throws IOException {
    Path project = Files.createDirectory(directory.resolve("project"));
    String parent = Files.readString(ROOT.resolve("pom.xml"));
    Files.writeString(
        project.resolve("pom.xml"),
        """
        <project xmlns="http://maven.apache.org/POM/4.0.0">
          <modelVersion>4.0.0</modelVersion>
          <groupId>com.example</groupId>
          <artifactId>newcomer</artifactId>
          <version>1</version>
        """
            + xml(readme, "<properties>")
            + "<dependencies>"
            + xml(readme, "<dependency>")
            + "</dependencies><build><plugins>"
            + xml(readme, "<plugin>")
            // Maven's own, in the versions that the local repository has.
            + Stream.of("resources", "compiler")
                .map(name -> plugin(parent, "maven-" + name + "-plugin"))
                .collect(Collectors.joining())
            + "</plugins></build></project>");
    Path source = Files.createDirectories(project.resolve("src/test/java"));
    Files.writeString(source.resolve("CacheTest.java"), test);
    return project;
  }

  /** The Java of the README that has these words. */
  private static String example(String readme, String words) {
    return blocks(readme, "java").stream()
        .filter(block -> block.contains(words))
        .findFirst()
        .orElseThrow();
  }

  /** What the README has of such elements. */
  private static String xml(String readme, String element) {
    return blocks(readme, "xml").stream()
        .filter(block -> block.startsWith(element))
        .collect(Collectors.joining());
  }

  /** Of the version that this build has, and so its local repository. */
  private static String plugin(String parent, String name) {
    return "<plugin><artifactId>"
        + name
        + "</artifactId><version>"
        + first(parent, "<artifactId>" + name + "</artifactId>\\s*<version>([^<]+)<")
        + "</version></plugin>\n";
  }

  private static String first(String text, String regex) {
    Matcher matcher = Pattern.compile(regex).matcher(text);
    assertThat(matcher.find()).as(regex).isTrue();
    return matcher.group(1);
  }

  private static List<String> blocks(String markdown, String language) {
    return Pattern.compile("(?ms)^```" + language + "\\n(.*?)^```$")
        .matcher(markdown)
        .results()
        .map((MatchResult block) -> block.group(1))
        .toList();
  }

  private static RegistryServer serveImages() throws IOException, InterruptedException {
    Process build =
        new ProcessBuilder(ROOT.resolve("core/src/test/images/build").toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    build.getOutputStream().close();
    String output = new String(build.getInputStream().readAllBytes(), UTF_8).strip();
    int code = build.waitFor();
    require(code == 0, "the test images cannot be built: " + code);
    Path images = Path.of(output.substring(output.lastIndexOf('\n') + 1));
    return RegistryServer.serve(ImageLayout.open(images.resolve("layout"))).start();
  }

  /** Without it the test is skipped, or fails where nothing may be skipped. */
  private static void require(boolean present, String missing) {
    if (!present && Boolean.getBoolean("runcible.required")) {
      throw new AssertionError(missing);
    }
    Assumptions.assumeTrue(present, missing);
  }

  private static boolean isOnPath(String program) {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator))
        .anyMatch(place -> Files.isExecutable(Path.of(place, program)));
  }

  private void runMaven(Path project) throws IOException, InterruptedException {
    Path log = directory.resolve("maven.log");
    ProcessBuilder maven =
        new ProcessBuilder(
                "mvn",
                "-o",
                "-B",
                "-ntp",
                "-Dmaven.repo.local=" + repository(),
                // From whichever repository an artifact came, under whatever id.
                "-Daether.enhancedLocalRepository.trackingFilename=none",
                "test")
            .directory(project.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    // Of the Maven that runs this.
    maven.environment().keySet().removeAll(List.of("MAVEN_ARGS", "MAVEN_BASEDIR"));
    maven.environment().put("MAVEN_OPTS", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1");
    Process process = maven.start();
    try {
      boolean ended = process.waitFor(5, TimeUnit.MINUTES);
      assertThat(ended && process.exitValue() == 0).as(() -> read(log)).isTrue();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      removeLinks();
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Links to what is in the local repository of this build, and what this build makes. */
  private Path repository() throws IOException {
    Path known = location(Assertions.class);
    for (int i = 0; i < 5; i++) {
      known = known.getParent();
    }
    Path repository = Files.createDirectory(directory.resolve("repository"));
    link(known, repository, "io");
    Path ours = Files.createDirectory(repository.resolve("io"));
    if (Files.exists(known.resolve("io"))) {
      link(known.resolve("io"), ours, "runcible");
    }
    install(ours, "runcible-parent", ROOT.resolve("pom.xml"));
    Path library = install(ours, "runcible", ROOT.resolve("core/pom.xml"));
    addJar(library, "runcible", location(ContainerEngine.class));
    Path extension = install(ours, "runcible-junit", ROOT.resolve("junit-extension/pom.xml"));
    addJar(extension, "runcible-junit", location(RunContainer.class));
    return repository;
  }

  private static void link(Path from, Path to, String except) throws IOException {
    List<Path> entries = new ArrayList<>();
    try (Stream<Path> all = Files.list(from)) {
      all.filter(entry -> !entry.endsWith(except)).forEach(entries::add);
    }
    for (Path entry : entries) {
      Files.createSymbolicLink(to.resolve(entry.getFileName()), entry);
    }
  }

  /** JUnit would warn of each. */
  private void removeLinks() throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path link : all.filter(Files::isSymbolicLink).toList()) {
        Files.delete(link);
      }
    }
  }

  private static Path install(Path ours, String name, Path pom) throws IOException {
    String version = first(Files.readString(ROOT.resolve("pom.xml")), "<version>([^<]+)<");
    Path place = Files.createDirectories(ours.resolve("runcible").resolve(name).resolve(version));
    Files.copy(pom, place.resolve(name + "-" + version + ".pom"));
    return place;
  }

  /** From a jar or, where the build has not come so far, a directory of classes. */
  private static void addJar(Path place, String name, Path classes) throws IOException {
    Path jar = place.resolve(name + "-" + place.getFileName() + ".jar");
    if (Files.isRegularFile(classes)) {
      Files.createSymbolicLink(jar, classes);
      return;
    }
    int code =
        ToolProvider.findFirst("jar")
            .orElseThrow()
            .run(System.out, System.err, "-cf", jar.toString(), "-C", classes.toString(), ".");
    assertThat(code).isZero();
  }

  private static Path location(Class<?> type) throws IOException {
    try {
      return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IOException(e);
    }
  }
}
