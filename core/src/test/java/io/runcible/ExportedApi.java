package io.runcible;

import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Writes down what a module exports, in a stable order, and holds it against the checked-in dump: a
 * change of the API is a change of text. As a program, which JUnit's module starts from its source,
 * it prints the differences of a directory of classes, which are on the class path, from a dump.
 */
final class ExportedApi {
  private final Path classes;

  ExportedApi(Path classes) {
    this.classes = classes;
  }

  public static void main(String[] args) throws IOException {
    differences(Path.of(args[0]), Path.of(args[1])).forEach(System.out::println);
  }

  /**
   * The lines that only the dump has, or only the classes have. With {@code -Dapi.accept=true} the
   * dump becomes what the classes have.
   */
  static List<String> differences(Path classes, Path dump) throws IOException {
    String actual = new ExportedApi(classes).dump();
    if (Boolean.getBoolean("api.accept")) {
      Files.createDirectories(dump.getParent());
      Files.writeString(dump, actual);
    }
    String accepted = Files.readString(dump);
    List<String> gone = new ArrayList<>(accepted.lines().toList());
    List<String> differences = new ArrayList<>();
    actual.lines().filter(line -> !gone.remove(line)).forEach(line -> differences.add("+" + line));
    gone.forEach(line -> differences.add("-" + line));
    return differences.isEmpty() && !actual.equals(accepted)
        ? List.of("the lines of the dump are in another order")
        : differences;
  }

  private String dump() throws IOException {
    StringBuilder text = new StringBuilder();
    for (String packageName : exportedPackages()) {
      text.append("package ").append(packageName).append('\n');
      for (Class<?> type : types(packageName)) {
        describe(type, text);
      }
    }
    return text.toString();
  }

  private SortedSet<String> exportedPackages() throws IOException {
    SortedSet<String> names = new TreeSet<>();
    try (var in = Files.newInputStream(classes.resolve("module-info.class"))) {
      ModuleDescriptor.read(in).exports().stream()
          .filter(exports -> !exports.isQualified())
          .forEach(exports -> names.add(exports.source()));
    }
    return names;
  }

  private List<Class<?>> types(String packageName) throws IOException {
    try (Stream<Path> files = Files.list(classes.resolve(packageName.replace('.', '/')))) {
      List<Class<?>> types = new ArrayList<>();
      for (String name :
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.endsWith(".class") && !name.equals("package-info.class"))
              .sorted()
              .toList()) {
        Class<?> type = load(packageName + "." + name.substring(0, name.length() - 6));
        if (isVisible(type)) {
          types.add(type);
        }
      }
      return types;
    }
  }

  private static Class<?> load(String name) {
    try {
      return Class.forName(name, false, ExportedApi.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  private static boolean isVisible(Class<?> type) {
    for (Class<?> t = type; t != null; t = t.getEnclosingClass()) {
      if (!isVisible(t.getModifiers()) || t.isAnonymousClass() || t.isLocalClass()) {
        return false;
      }
    }
    return true;
  }

  private static boolean isVisible(int modifiers) {
    return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
  }

  private static void describe(Class<?> type, StringBuilder text) {
    // Newer Java versions say whether it is sealed.
    text.append("  ").append(type.toGenericString().replaceAll("\\b(non-)?sealed ", ""));
    if (type.getGenericSuperclass() != null && type.getGenericSuperclass() != Object.class) {
      text.append(" extends ").append(type.getGenericSuperclass().getTypeName());
    }
    Arrays.stream(type.getGenericInterfaces())
        .map(t -> t.getTypeName())
        .sorted()
        .forEach(name -> text.append(" implements ").append(name));
    text.append('\n');
    SortedSet<String> members = new TreeSet<>();
    Stream.of(type.getDeclaredFields(), type.getDeclaredConstructors(), type.getDeclaredMethods())
        .flatMap(Arrays::stream)
        .filter(ExportedApi::isApi)
        .forEach(member -> members.add(line(member)));
    members.forEach(member -> text.append("    ").append(member).append('\n'));
  }

  private static boolean isApi(Member member) {
    return isVisible(member.getModifiers()) && !member.isSynthetic();
  }

  private static String line(Member member) {
    if (member instanceof Field field) {
      return field.toGenericString();
    }
    Executable executable = (Executable) member;
    return executable instanceof Constructor<?> constructor
        ? constructor.toGenericString()
        : ((Method) executable).toGenericString();
  }
}
