package io.runcible.junit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** What Maven has built; an IDE leaves lambdas. */
@EnabledIfSystemProperty(named = "surefire.test.class.path", matches = ".+")
class BuiltClassesTest {
  @Test
  void lambdasAreClasses() throws Exception {
    Path classes =
        Path.of(RunContainer.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    List<Path> found = new ArrayList<>();
    try (Stream<Path> files = Files.walk(classes)) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        if (makesLambdas(file)) {
          found.add(file);
        }
      }
    }
    assertThat(found).isEmpty();
  }

  private static boolean makesLambdas(Path file) throws IOException {
    return Files.readString(file, ISO_8859_1).contains("java/lang/invoke/LambdaMetafactory");
  }
}
