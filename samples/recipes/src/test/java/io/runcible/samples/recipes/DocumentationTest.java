package io.runcible.samples.recipes;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every Java example of the documents is part of a file that is compiled here. */
class DocumentationTest {
  private static final Path ROOT = Path.of("../..");

  static List<Path> documents() throws IOException {
    List<Path> documents = new ArrayList<>(List.of(ROOT.resolve("README.md")));
    try (Stream<Path> guides = Files.walk(ROOT.resolve("javadoc/src/docs"))) {
      guides.filter(guide -> guide.toString().endsWith(".md")).sorted().forEach(documents::add);
    }
    return documents;
  }

  @ParameterizedTest
  @MethodSource("documents")
  void examplesAreCompiled(Path document) throws IOException {
    List<String> sources = new ArrayList<>();
    try (Stream<Path> files = Files.walk(Path.of("src"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
        sources.add(normalized(Files.readAllLines(file)));
      }
    }
    for (List<String> example : examples(document)) {
      String wanted = normalized(example);
      assertThat(sources.stream().anyMatch(source -> source.contains(wanted)))
          .as("%s: some source has this:%n%s", document, String.join("\n", example))
          .isTrue();
    }
  }

  @Test
  void theReadmeHasExamples() throws IOException {
    assertThat(examples(ROOT.resolve("README.md"))).hasSize(5);
  }

  @ParameterizedTest
  @MethodSource("documents")
  void linksLeadSomewhere(Path document) throws IOException {
    for (String part : Files.readString(document).split("\\]\\(", -1)) {
      int end = part.indexOf(')');
      String link = end < 0 ? "" : part.substring(0, end);
      if (!link.isEmpty() && link.matches("[A-Za-z0-9_./-]+")) {
        assertThat(document.resolveSibling(link)).exists();
      }
    }
  }

  private static List<List<String>> examples(Path document) throws IOException {
    List<List<String>> examples = new ArrayList<>();
    List<String> example = null;
    for (String line : Files.readAllLines(document)) {
      if (line.equals("```java")) {
        example = new ArrayList<>();
        examples.add(example);
      } else if (line.equals("```")) {
        example = null;
      } else if (example != null) {
        example.add(line);
      }
    }
    return examples;
  }

  /** Without indentation and annotations of the surroundings: one space between any two words. */
  private static String normalized(List<String> lines) {
    return String.join(" ", lines)
        .replaceAll("\\bstatic class\\b", "class")
        .replaceAll("\\s+", " ");
  }
}
