package io.runcible.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerSpec;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AnnotatedContainerTest {
  private static final ContainerSpec SPEC = ContainerSpec.builder("shell").build();

  /** In no test class: these are not to start. */
  @SuppressWarnings("UnusedVariable")
  private static final class Declared {
    @RunContainer(
        image = "shell",
        command = {"echo", "up"},
        reuse = "key")
    static Container shared;

    @RunContainer(image = "shell", command = "echo, up", reuse = "key")
    static Container ofOneWord;

    @RunContainer(image = "shell")
    static Container own;
  }

  private static RunContainer annotation(String field) throws NoSuchFieldException {
    return Declared.class.getDeclaredField(field).getDeclaredAnnotation(RunContainer.class);
  }

  private static String key(RunContainer annotation) {
    return new AnnotatedContainer(annotation, "", AnnotatedContainerTest.class.getClassLoader())
        .reuseKey(SPEC);
  }

  /** The annotation with other results of some methods. */
  private static RunContainer with(RunContainer annotation, Map<String, Object> others) {
    return (RunContainer)
        Proxy.newProxyInstance(
            RunContainer.class.getClassLoader(),
            new Class<?>[] {RunContainer.class},
            (proxy, method, arguments) ->
                others.containsKey(method.getName())
                    ? others.get(method.getName())
                    : method.invoke(annotation, arguments));
  }

  @Test
  void reuseKeyIsTheSameInAllJvms() throws Exception {
    RunContainer here = annotation("shared");
    // As where a JVM has loaded other classes before.
    RunContainer elsewhere = with(here, Map.of("toString", "in another order"));
    assertThat(key(elsewhere)).isEqualTo(key(here)).startsWith("key\n");
  }

  static Method[] members() {
    return RunContainer.class.getDeclaredMethods();
  }

  @ParameterizedTest
  @MethodSource("members")
  void eachValueIsInTheReuseKey(Method member) throws Exception {
    RunContainer here = annotation("shared");
    RunContainer other = with(here, Map.of(member.getName(), otherValue(member.getReturnType())));
    assertThat(key(other)).isNotEqualTo(key(here));
  }

  private static Object otherValue(Class<?> type) {
    if (type.isEnum()) {
      Object[] constants = type.getEnumConstants();
      return constants[constants.length - 1];
    }
    return Map.<Class<?>, Object>of(
            String.class,
            "other",
            String[].class,
            new String[] {"other"},
            Class.class,
            OtherPrimer.class,
            double.class,
            1.5,
            long.class,
            7L,
            int.class,
            7)
        .get(type);
  }

  private static final class OtherPrimer implements Primer<Container> {
    @Override
    public void prime(Container container) {}
  }

  @Test
  void wordsThatLookLikeOneAreToldApart() throws Exception {
    assertThat(key(annotation("ofOneWord"))).isNotEqualTo(key(annotation("shared")));
  }

  @Test
  void containerOfItsOwnHasNoReuseKey() throws Exception {
    assertThat(key(annotation("own"))).isEmpty();
  }
}
