package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Differences.Difference;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DifferencesTest {
  private static final Path SOURCES = Path.of("src/test/java");

  /** Users and hosts are made by root. */
  private static final Pattern ROOT =
      Pattern.compile("\\b(requireRoot|TestUser\\.create|TestHost\\.create)\\(");

  private static final Pattern ENGINE =
      Pattern.compile("\\bContainerEngine[.](builder|create)\\(\\)");

  /** By the beginning of the paragraph that names a test: how it asks where it runs. */
  private static final Map<String, Pattern> QUESTIONS =
      Map.of(
          "An ordinary user:",
          Pattern.compile("\\bNativeAccess[.]isRoot\\("),
          "An ordinary user before Linux 5.11:",
          Pattern.compile("\\bTestHost[.]kernelIsSince\\(5, 11\\)"),
          "An ordinary user without control groups:",
          Pattern.compile("\\bDifferences[.](hasControlGroups|countOutlivesTheContainer)\\("),
          "On crun:",
          Pattern.compile("\\bDifferences[.](isOnCrun|countOutlivesTheContainer)\\("));

  /** A row of a test that is renamed, or is there no more, would skip nothing and look as if. */
  @Test
  void rowsNameTestsThatThereAre() throws Exception {
    assertThat(Differences.all()).hasSizeGreaterThan(10);
    for (Difference one : Differences.all()) {
      assertThat(Differences.places()).contains(one.place());
      assertThat(one.reason()).isNotBlank();
      assertThat(names(one.test())).as("%s", one).isTrue();
    }
  }

  /** What is not understood would skip nothing, and look as if. */
  @Test
  void everyRowIsUnderstood() {
    List<String> rows =
        Differences.text()
            .lines()
            .filter(
                line ->
                    line.startsWith("|") && !List.of("| Test | Why |", "|---|---|").contains(line))
            .toList();
    assertThat(rows).hasSizeGreaterThan(10);
    for (String row : rows) {
      long quotes = row.substring(0, row.indexOf(" |")).chars().filter(c -> c == '`').count();
      assertThat(Differences.row("", row)).as(row).isNotEmpty().hasSize((int) quotes / 2);
    }
  }

  /** Such a test would fail for an ordinary user. */
  @Test
  void testsThatOnlyRootCanRunAreListed() throws IOException {
    List<String> listed =
        Differences.all().stream()
            .filter(one -> one.place().equals("An ordinary user"))
            .map(one -> one.test().split("[.]")[0])
            .toList();
    List<String> ofRoot;
    try (Stream<Path> files = Files.walk(SOURCES)) {
      ofRoot =
          files
              .filter(path -> path.toString().matches(".*(IT|InGuest)[.]java"))
              .filter(DifferencesTest::needsRoot)
              .map(DifferencesTest::name)
              .toList();
    }
    assertThat(ofRoot).hasSizeGreaterThan(10).isSubsetOf(listed);
  }

  /** Nobody would hear of what such a test leaves out. */
  @Test
  void testsThatRunInPartAreNamed() throws IOException {
    List<String> paragraphs = List.of(Differences.text().split("\n## ")[0].split("\n- "));
    try (Stream<Path> files = Files.walk(SOURCES)) {
      List<Path> tests = files.filter(path -> path.toString().endsWith("IT.java")).toList();
      QUESTIONS.forEach(
          (beginning, question) -> {
            assertThat(paragraphs).filteredOn(one -> one.startsWith(beginning)).hasSize(1);
            assertThat(tests)
                .filteredOn(test -> question.matcher(text(test)).find())
                .isNotEmpty()
                .allSatisfy(
                    test ->
                        assertThat(paragraphs)
                            .filteredOn(one -> one.startsWith(beginning))
                            .first(InstanceOfAssertFactories.STRING)
                            .contains("`" + name(test)));
          });
    }
  }

  /** Another would pass on runc, as if it had run on the runtime that is chosen. */
  @Test
  void enginesAreOnTheChosenRuntime() throws IOException {
    try (Stream<Path> files = Files.walk(SOURCES)) {
      assertThat(
              files
                  .filter(path -> path.toString().matches(".*(?<!Test)[.]java"))
                  .filter(path -> ENGINE.matcher(text(path)).find())
                  .map(path -> path.getFileName().toString()))
          // The second has a runtime of an image.
          .containsExactlyInAnyOrder("TestRoot.java", "RuntimeImageProgram.java");
    }
  }

  private static String name(Path source) {
    return source.getFileName().toString().replace(".java", "");
  }

  private static boolean needsRoot(Path source) {
    return ROOT.matcher(text(source)).find();
  }

  private static String text(Path source) {
    try {
      return Files.readString(source);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean names(String test) throws Exception {
    List<String> parts = List.of(test.split("[.]"));
    Class<?> type = Class.forName(outermost(parts.get(0)));
    for (String part : parts.subList(1, parts.size())) {
      if (Character.isLowerCase(part.charAt(0))) {
        return hasMethod(type, part);
      }
      type = Class.forName(type.getName() + "$" + part);
    }
    return true;
  }

  /** Also of those that it inherits. */
  private static boolean hasMethod(@Nullable Class<?> type, String name) {
    return type != null
        && (Stream.concat(
                    Arrays.stream(type.getDeclaredMethods()), Arrays.stream(type.getMethods()))
                .anyMatch(method -> method.getName().equals(name))
            || hasMethod(type.getSuperclass(), name));
  }

  private static String outermost(String simpleName) throws IOException {
    try (Stream<Path> files = Files.walk(SOURCES)) {
      Path file =
          files
              .filter(path -> path.getFileName().toString().equals(simpleName + ".java"))
              .findFirst()
              .orElseThrow(() -> new AssertionError("no test class " + simpleName));
      return SOURCES.relativize(file).toString().replaceAll("[.]java$", "").replace('/', '.');
    }
  }
}
