package io.runcible.engine;

import io.runcible.HostTools;
import io.runcible.ffi.NativeAccess;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Skips what {@code differences.md} lists, where it applies: that is the one place for what an
 * ordinary user or another runtime than runc cannot have. Each test has it.
 */
public final class Differences implements ExecutionCondition {
  static final String FILE = "/differences.md";

  private static final Pattern ROW = Pattern.compile("\\| (`.*`) \\| (.*) \\|");
  private static final Pattern NAME = Pattern.compile("`([A-Za-z0-9_.]+)`");

  private static final Map<String, BooleanSupplier> PLACES =
      Map.of(
          "An ordinary user", Differences::isUser,
          "An ordinary user without control groups", Differences::isUserWithoutGroups,
          "crun", Differences::isOnCrun,
          "An ordinary user on crun", () -> isUser() && isOnCrun());

  private static final List<Difference> ALL = read();
  private static final Map<String, String> HERE = here();

  /**
   * A row.
   *
   * @param place the heading of its table
   * @param test the simple name of a class, perhaps with a nested one's, or with that of a method
   */
  record Difference(String place, String test, String reason) {}

  static List<Difference> all() {
    return ALL;
  }

  /** The headings that mean something. */
  static List<String> places() {
    return List.copyOf(PLACES.keySet());
  }

  private static boolean isUser() {
    return NativeAccess.isAvailable() && !NativeAccess.isRoot();
  }

  private static boolean isUserWithoutGroups() {
    return isUser() && !Capabilities.ofThisHost().has("cgroups");
  }

  /** For a test of which a part is about limits, usage or pauses. */
  public static boolean hasControlGroups() {
    return !isUserWithoutGroups();
  }

  /** For a test of which a part is about containers that end as memory ran out. */
  static boolean countOutlivesTheContainer() {
    return hasControlGroups() && !isOnCrun();
  }

  /** For a test of which a part is about what the runtime says. */
  static boolean isOnCrun() {
    return HostTools.chosenRuntime().equals(Optional.of("crun"));
  }

  private static List<Difference> read() {
    List<Difference> all = new ArrayList<>();
    String place = "";
    for (String line : text().lines().toList()) {
      if (line.startsWith("## ")) {
        place = line.substring(3);
      }
      all.addAll(row(place, line));
    }
    return all;
  }

  /** What a line says; nothing, if it is no row. */
  static List<Difference> row(String place, String line) {
    List<Difference> named = new ArrayList<>();
    Matcher row = ROW.matcher(line);
    if (row.matches()) {
      Matcher name = NAME.matcher(row.group(1));
      while (name.find()) {
        named.add(new Difference(place, name.group(1), row.group(2)));
      }
    }
    return named;
  }

  static String text() {
    try (InputStream in = Objects.requireNonNull(Differences.class.getResourceAsStream(FILE))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, String> here() {
    Map<String, Boolean> applies = new LinkedHashMap<>();
    Map<String, String> reasons = new LinkedHashMap<>();
    for (Difference one : ALL) {
      if (applies.computeIfAbsent(one.place(), place -> PLACES.get(place).getAsBoolean())) {
        reasons.put(one.test(), one.reason());
      }
    }
    return reasons;
  }

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    String name = context.getTestClass().map(Differences::name).orElse("");
    Optional<String> method = context.getTestMethod().map(Method::getName);
    @Nullable String reason = HERE.get(method.map(m -> name + "." + m).orElse(name));
    return reason == null
        ? ConditionEvaluationResult.enabled(null)
        : ConditionEvaluationResult.disabled(reason);
  }

  /** With the class that it is nested in. */
  private static String name(Class<?> type) {
    Class<?> outer = type.getEnclosingClass();
    return outer == null ? type.getSimpleName() : name(outer) + "." + type.getSimpleName();
  }
}
