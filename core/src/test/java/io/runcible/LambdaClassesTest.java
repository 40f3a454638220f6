package io.runcible;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

class LambdaClassesTest {
  private static final String FORMS =
      """
      package forms;

      import java.util.*;
      import java.util.concurrent.Callable;
      import java.util.function.*;

      public final class Forms extends Parent implements Supplier<List<Object>> {
        private static final Supplier<String> STATIC = () -> "of the class";
        private final Supplier<String> field = () -> "of an instance, " + own();
        private int count;

        @Override
        public List<Object> get() {
          List<Object> all = new ArrayList<>(List.of(STATIC.get(), field.get()));
          boolean z = true;
          byte b = 1;
          short s = 2;
          char c = 'c';
          int i = 4;
          long l = 5L << 40;
          float f = 6.5f;
          double d = 7.25;
          Supplier<Object> captured = () -> z + " " + b + s + c + i + l + f + d + own();
          all.add(captured.get());
          Function<Integer, Integer> abs = Math::abs;
          ToLongFunction<Integer> wide = Forms::twice;
          ToIntFunction<Character> code = Forms::code;
          LongSupplier own = this::number;
          IntFunction<Object> boxed = n -> n + 1;
          BinaryOperator<Integer> sum = Integer::sum;
          Function<String, Integer> unbound = String::length;
          ToDoubleFunction<Integer> fraction = Integer::doubleValue;
          all.addAll(List.of(abs.apply(-3), wide.applyAsLong(4), code.applyAsInt('x')));
          all.addAll(List.of(own.getAsLong(), boxed.apply(8), sum.apply(1, 2)));
          all.addAll(List.of(unbound.apply("four"), fraction.applyAsDouble(3)));
          Supplier<List<String>> list = ArrayList::new;
          Function<String, StringBuilder> copy = StringBuilder::new;
          IntFunction<String[]> array = String[]::new;
          BiFunction<String, Object[], String> format = String::format;
          all.addAll(List.of(list.get(), copy.apply("new").toString(), array.apply(3).length));
          all.add(format.apply("%s-%s", new Object[] {1, 2}));
          Runnable drop = list.get()::size;
          drop.run();
          Consumer<String> add = all::add;
          add.accept("added");
          Supplier<String> parent = super::inherited;
          Supplier<Inner> inner = () -> new Inner(i);
          all.add(parent.get() + inner.get().nested().get().get());
          Comparator<String> order = Comparator.comparing(String::length, Comparator.reverseOrder());
          all.add(new TreeSet<>(List.of("b", "aaa", "cc")).stream().sorted(order).toList());
          all.add(((Face) () -> "face").both());
          Callable<Object> failing = () -> { throw new IllegalStateException("meant"); };
          try {
            failing.call();
          } catch (Exception e) {
            all.add(e.getMessage() + e.getStackTrace()[0].getLineNumber());
          }
          all.add(same() == same());
          all.add(Kind.ONE.made.apply(2));
          return all;
        }

        private static Runnable same() { return () -> {}; }
        private String own() { return "own" + count++; }
        private int number() { return 42; }
        private static long twice(long n) { return 2 * n; }
        private static int code(int n) { return n; }

        private final class Inner {
          private final int n;
          private Inner(int n) { this.n = n; }
          Supplier<Supplier<String>> nested() { return () -> () -> own() + n; }
        }

        private enum Kind {
          ONE(n -> n + 1);
          private final UnaryOperator<Integer> made;
          Kind(UnaryOperator<Integer> made) { this.made = made; }
        }

        private interface Face {
          String name();
          default String both() { Supplier<String> s = this::hidden; return s.get() + of().get(); }
          private String hidden() { return name(); }
          private static Supplier<String> of() { return () -> "static"; }
        }
      }

      class Parent {
        protected String inherited() { return "inherited"; }
      }
      """;

  @TempDir Path temporary;
  private Path classes;

  @BeforeEach
  void compile() throws IOException {
    classes = temporary.resolve("classes");
    compile(FORMS);
  }

  private void compile(String content) throws IOException {
    Path source = Files.createDirectories(temporary.resolve("forms")).resolve("Forms.java");
    Files.writeString(source, content);
    String[] arguments = {"-g", "-d", classes.toString(), source.toString()};
    assertThat(ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments)).isZero();
  }

  @Test
  void classesDoWhatTheLambdasDid() throws Exception {
    List<Object> before = run();

    LambdaClasses.main(new String[] {classes.toString()});

    assertThat(withLambdas(classes)).isEmpty();
    assertThat(classes.resolve("forms/Forms$Lambda0.class")).exists();
    assertThat(run()).isEqualTo(before).contains("of the class", "face" + "static", 42L);
  }

  @Test
  void secondRunChangesNothing() throws Exception {
    LambdaClasses.main(new String[] {classes.toString()});
    byte[] before = Files.readAllBytes(classes.resolve("forms/Forms.class"));

    LambdaClasses.main(new String[] {classes.toString()});

    assertThat(classes.resolve("forms/Forms.class")).hasBinaryContent(before);
  }

  @Test
  void classesOfLambdasThatAreGoneGo() throws Exception {
    LambdaClasses.main(new String[] {classes.toString()});
    compile("package forms; final class Forms { Runnable one() { return () -> {}; } }");

    LambdaClasses.main(new String[] {classes.toString()});

    assertThat(classes.resolve("forms/Forms$Lambda0.class")).exists();
    assertThat(classes.resolve("forms/Forms$Lambda1.class")).doesNotExist();
    Files.delete(classes.resolve("forms/Forms.class"));
    LambdaClasses.main(new String[] {classes.toString()});
    assertThat(classes.resolve("forms/Forms$Lambda0.class")).doesNotExist();
  }

  @Test
  void runThatWasCutShortIsDoneAnew() throws Exception {
    List<Object> before = run();
    byte[] inner = Files.readAllBytes(classes.resolve("forms/Forms$Inner.class"));
    LambdaClasses.main(new String[] {classes.toString()});
    // Nests are written before those that only use them.
    Files.write(classes.resolve("forms/Forms$Inner.class"), inner);

    LambdaClasses.main(new String[] {classes.toString()});

    assertThat(withLambdas(classes)).isEmpty();
    assertThat(run()).isEqualTo(before);
  }

  @Test
  void lambdaThatCanBeSerialisedIsRefused() throws Exception {
    compile(
        """
        package forms;
        final class Forms {
          Object one() { return (Runnable & java.io.Serializable) () -> {}; }
        }
        """);

    assertThatThrownBy(() -> LambdaClasses.main(new String[] {classes.toString()}))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("forms/Forms");
  }

  /** What an IDE has compiled may have some. */
  @Test
  @EnabledIfSystemProperty(named = "surefire.test.class.path", matches = ".+")
  void theLibraryHasNone() throws Exception {
    Path library =
        Path.of(
            RuncibleException.class.getProtectionDomain().getCodeSource().getLocation().toURI());

    assertThat(withLambdas(library)).isEmpty();
  }

  @SuppressWarnings("unchecked")
  private List<Object> run() throws Exception {
    try (URLClassLoader loader = new URLClassLoader(new URL[] {classes.toUri().toURL()})) {
      Class<?> forms = loader.loadClass("forms.Forms");
      return ((Supplier<List<Object>>) forms.getConstructor().newInstance()).get();
    }
  }

  private static List<Path> withLambdas(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(f -> f.toString().endsWith(".class") && hasLambda(f)).toList();
    }
  }

  private static boolean hasLambda(Path file) {
    try {
      return Files.readString(file, ISO_8859_1).contains("java/lang/invoke/LambdaMetafactory");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
