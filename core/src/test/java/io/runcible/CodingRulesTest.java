package io.runcible;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.GeneralCodingRules;
import jakarta.enterprise.context.RequestScoped;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;

/** What holds for all of the library's code, beside the arrows between its packages. */
class CodingRulesTest {
  private static JavaClasses library;

  @BeforeAll
  static void importClasses() {
    library =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.runcible");
  }

  @Test
  void publicSignaturesHaveTypesOfTheJdkAndOursAlone() {
    methods()
        .that()
        .arePublic()
        .and()
        .areDeclaredInClassesThat()
        .arePublic()
        .and()
        .areDeclaredInClassesThat()
        // Micrometer's, for who has it; and Jackson's trees, in a package that is not exported.
        .resideOutsideOfPackages("io.runcible.metrics", "io.runcible.json")
        .should(
            new ArchCondition<>("have types of the JDK and ours alone") {
              @Override
              public void check(JavaMethod method, ConditionEvents events) {
                Stream.concat(
                        Stream.of(method.getRawReturnType()),
                        method.getRawParameterTypes().stream())
                    .map(JavaClass::getBaseComponentType)
                    .filter(type -> !isOfJdkOrOurs(type))
                    .forEach(
                        type ->
                            events.add(
                                SimpleConditionEvent.violated(
                                    method, method.getFullName() + " shows " + type.getName())));
              }
            })
        .check(library.that(speaksForItself()));
  }

  /** The native interfaces have to be public; those of CDI are what the package is for. */
  private static DescribedPredicate<JavaClass> speaksForItself() {
    return JavaClass.Predicates.resideOutsideOfPackages("io.runcible.ffi", "io.runcible.jakarta");
  }

  private static boolean isOfJdkOrOurs(JavaClass type) {
    return type.isPrimitive()
        || type.getPackageName().startsWith("java.")
        || type.getPackageName().startsWith("javax.")
        || type.getPackageName().startsWith("io.runcible");
  }

  @Test
  void whatIsThrownHasOneRoot() {
    classes()
        .that()
        .areAssignableTo(Throwable.class)
        .should()
        .beAssignableTo(RuncibleException.class)
        .orShould()
        .notBePublic()
        .check(library);
  }

  /** The proxies of a bean with a normal scope extend it. */
  @Test
  void whatCanBeExtendedIsMeantToBe() {
    classes()
        .that()
        .arePublic()
        .and()
        .areNotInterfaces()
        .and()
        .areNotAssignableTo(Throwable.class)
        .and()
        .areNotAnnotatedWith(RequestScoped.class)
        .should()
        .haveModifier(JavaModifier.FINAL)
        .orShould()
        .haveModifier(JavaModifier.ABSTRACT)
        .check(library);
  }

  @Test
  void nobodyUsesAnotherLoggerThanSlf4j() {
    GeneralCodingRules.NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING.check(library);
  }

  /**
   * Finding the logging system opens every jar of the class path, which whoever has nothing to say
   * need not pay: a logger is got when something is said.
   */
  @Test
  void nobodyKeepsALogger() {
    noFields().should().haveRawType(Logger.class).check(library);
  }

  /** But the programs that work on files in another JVM, which answer there. */
  private static final DescribedPredicate<JavaClass> WORKERS =
      JavaClass.Predicates.simpleName("RootlessUnpack")
          .or(JavaClass.Predicates.simpleName("FileWork"));

  @Test
  void nobodyPrints() {
    GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS.check(
        library.that(DescribedPredicate.not(WORKERS)));
  }

  @Test
  void nobodyEndsTheJvm() {
    noClasses()
        .that(DescribedPredicate.not(WORKERS))
        .should()
        .callMethod(System.class, "exit", int.class)
        .orShould()
        .callMethod(Runtime.class, "halt", int.class)
        .check(library);
  }
}
