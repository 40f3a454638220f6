package io.runcible;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds the package table of the architecture: a package imports what it reaches, nothing else. */
class PackageArrowsTest {
  private static final String ROOT = "io.runcible";

  /** Each package, "" for the root, and the ones that it may import directly. */
  private static final Map<String, List<String>> ARROWS =
      Map.ofEntries(
          Map.entry("", List.of()),
          Map.entry("json", List.of("")),
          Map.entry("ffi", List.of("")),
          Map.entry("archive", List.of("ffi")),
          Map.entry("state", List.of("ffi", "json")),
          Map.entry("image", List.of("archive", "json")),
          Map.entry("registry", List.of("image")),
          Map.entry("layout", List.of("image")),
          Map.entry("store", List.of("state", "image")),
          Map.entry("transfer", List.of("registry", "layout", "store")),
          Map.entry("serve", List.of("store", "layout")),
          Map.entry("snapshot", List.of("store")),
          Map.entry("runtime", List.of("state")),
          Map.entry("network", List.of("state")),
          Map.entry("engine", List.of("network", "runtime", "snapshot", "transfer")),
          Map.entry("metrics", List.of("engine")),
          Map.entry("build", List.of("engine")),
          Map.entry("trust", List.of("registry")),
          Map.entry("sandbox", List.of("engine")),
          Map.entry("jakarta", List.of("sandbox")));

  private static JavaClasses classes;

  @BeforeAll
  static void importClasses() {
    classes =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);
  }

  static Stream<String> packages() {
    return ARROWS.keySet().stream().sorted();
  }

  @ParameterizedTest
  @MethodSource("packages")
  void importsOnlyWhatItReaches(String name) {
    Set<String> allowed = reachable(name).stream().map(PackageArrowsTest::full).collect(set());
    noClasses()
        .that()
        .resideInAPackage(full(name))
        .should()
        .dependOnClassesThat(ours("outside " + allowed, c -> !allowed.contains(c)))
        .allowEmptyShould(true)
        .check(classes);
  }

  @Test
  void everyPackageIsInTheTable() {
    Set<String> present =
        classes.stream()
            .map(JavaClass::getPackageName)
            .filter(p -> p.equals(ROOT) || p.startsWith(ROOT + "."))
            .collect(set());
    assertThat(ARROWS.keySet().stream().map(PackageArrowsTest::full)).containsAll(present);
  }

  @Test
  void onlyFfiImportsTheNativeBinding() {
    noClasses()
        .that()
        .resideOutsideOfPackage(full("ffi"))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("jnr..", "com.kenai..")
        .check(classes);
  }

  @Test
  void onlyTheJakartaPackageImportsJakarta() {
    noClasses()
        .that()
        .resideOutsideOfPackage(full("jakarta"))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("jakarta..", "org.eclipse.microprofile..")
        .check(classes);
  }

  @Test
  void onlyTheMetricsPackageImportsMicrometer() {
    noClasses()
        .that()
        .resideOutsideOfPackage(full("metrics"))
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.micrometer..")
        .check(classes);
  }

  private static Set<String> reachable(String name) {
    Set<String> reached = new HashSet<>(Set.of(name));
    for (String next : ARROWS.get(name)) {
      reached.addAll(reachable(next));
    }
    return reached;
  }

  private static String full(String name) {
    return name.isEmpty() ? ROOT : ROOT + "." + name;
  }

  private static DescribedPredicate<JavaClass> ours(
      String description, java.util.function.Predicate<String> packageName) {
    return DescribedPredicate.describe(
        "reside in our packages " + description,
        c ->
            (c.getPackageName().equals(ROOT) || c.getPackageName().startsWith(ROOT + "."))
                && packageName.test(c.getPackageName()));
  }

  private static <T> java.util.stream.Collector<T, ?, Set<T>> set() {
    return Collectors.toSet();
  }
}
