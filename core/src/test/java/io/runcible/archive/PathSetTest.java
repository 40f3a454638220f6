package io.runcible.archive;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class PathSetTest {
  private static final String[] PATHS = {
    "", "a", "a/a", "a/a/a", "a/b", "a/bc", "ab", "ab/a", "b", "b/a/b", "a-b", "a-b/a", "c/d/e/f"
  };

  private static boolean leadsTo(String above, String path) {
    return above.isEmpty() ? !path.isEmpty() : path.startsWith(above + "/");
  }

  @Test
  void isWhatASetOfStringsIs() {
    Random random = new Random(7);
    for (int round = 0; round < 200; round++) {
      PathSet paths = new PathSet();
      Set<String> expected = new HashSet<>();
      for (int step = 0; step < 30; step++) {
        String path = PATHS[random.nextInt(PATHS.length)];
        switch (random.nextInt(6)) {
          case 0 -> {
            paths.remove(path);
            expected.remove(path);
          }
          case 1 -> {
            paths.removeWithAbove(path);
            expected.removeIf(other -> other.equals(path) || leadsTo(other, path));
          }
          case 2 -> {
            if (!path.isEmpty()) {
              paths.removeWithBelow(path);
              expected.removeIf(other -> other.equals(path) || leadsTo(path, other));
            }
          }
          default -> assertThat(paths.add(path)).isEqualTo(expected.add(path));
        }
        check(paths, expected);
      }
    }
  }

  private static void check(PathSet paths, Set<String> expected) {
    assertThat(Set.of(PATHS).stream().filter(paths::contains).collect(Collectors.toSet()))
        .isEqualTo(expected);
    for (String path : PATHS) {
      assertThat(paths.containsAbove(path))
          .as("above '%s' in %s", path, expected)
          .isEqualTo(expected.stream().anyMatch(other -> leadsTo(other, path)));
      assertThat(paths.lengthBefore(path))
          .as("before '%s' in %s", path, expected)
          .isEqualTo(lengthBefore(path, expected));
    }
  }

  private static int lengthBefore(String path, Set<String> members) {
    return members.stream()
        .filter(other -> !other.isEmpty() && (other.equals(path) || leadsTo(other, path)))
        .mapToInt(other -> RawName.parent(other).length())
        .min()
        .orElse(path.length());
  }
}
