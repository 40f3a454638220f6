package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * An instruction of a Containerfile that changes the configuration of an image alone.
 *
 * @param name in capital letters
 * @param text what follows it
 */
record ImageChange(String name, String text) {
  /** Podman has an equals sign, too. */
  private static final Pattern INSTRUCTION =
      Pattern.compile("([A-Za-z]+)(?:\\s+|=)(\\S.*)", Pattern.DOTALL);

  private static final Pattern WORD =
      Pattern.compile(
          "(?:[^\\s\"'\\\\]++|\\\\.|\"(?:[^\"\\\\]++|\\\\.)*+\"|'[^']*+')++", Pattern.DOTALL);

  private static final String VARIABLE = "\\$(?:([A-Za-z_]\\w*+)|\\{(\\w*+)(}|[^}]*+))";

  private static final Pattern QUOTED =
      Pattern.compile(
          "'([^']*+)'|\"((?:[^\"\\\\]++|\\\\.)*+)\"|\\\\(.)|" + VARIABLE, Pattern.DOTALL);

  /** What stands for something else between double quotation marks. */
  private static final Pattern INSIDE =
      Pattern.compile("\\\\([\"\\\\$])|" + VARIABLE, Pattern.DOTALL);

  private static final String KNOWN =
      "CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME and WORKDIR";

  /**
   * Such as {@code CMD ["/bin/sh"]}.
   *
   * @throws RuncibleException INVALID_INPUT for what is no instruction, UNSUPPORTED for another one
   */
  static ImageChange parse(String instruction) {
    Matcher matcher = INSTRUCTION.matcher(instruction.strip());
    if (!matcher.matches()) {
      throw invalid("a change is INSTRUCTION VALUE, of " + KNOWN);
    }
    ImageChange change =
        new ImageChange(matcher.group(1).toUpperCase(Locale.ROOT), matcher.group(2));
    if (!List.of(KNOWN.split(", | and ", -1)).contains(change.name)) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "the change " + change.name + " is not supported, but " + KNOWN + " are");
    }
    return change;
  }

  /** With the variables of the image, as they were before, in place of their names. */
  void applyTo(ImageConfig.Builder config) {
    ImageConfig before = config.build();
    Map<String, String> variables = new LinkedHashMap<>();
    for (String variable : before.environment()) {
      String[] pair = variable.split("=", 2);
      variables.put(pair[0], pair.length < 2 ? "" : pair[1]);
    }
    switch (name) {
      case "CMD" -> config.command(command(before));
      case "ENTRYPOINT" -> config.entrypoint(command(before));
      case "ENV" -> config.environment(environment(before, variables));
      case "EXPOSE" -> config.exposedPorts(with(before.exposedPorts(), ports(variables)));
      case "LABEL" -> {
        Map<String, String> labels = new LinkedHashMap<>(before.labels());
        labels.putAll(pairs(variables));
        config.labels(labels);
      }
      case "STOPSIGNAL" -> config.stopSignal(text);
      case "USER" -> config.user(unquoted(text, variables));
      case "VOLUME" -> config.volumes(with(before.volumes(), listed(variables)));
      case "WORKDIR" -> {
        Path directory =
            Path.of(before.workingDirectory().orElse("/")).resolve(unquoted(text, variables));
        config.workingDirectory(directory.toString());
      }
      default -> throw new IllegalStateException(name);
    }
  }

  /** A JSON array as it is, and other text for the shell of the image. */
  private String[] command(ImageConfig image) {
    if (text.startsWith("[")) {
      return ProcessOptions.words(text);
    }
    List<String> shell = image.shell().isEmpty() ? List.of("/bin/sh", "-c") : image.shell();
    return Stream.concat(shell.stream(), Stream.of(text)).toArray(String[]::new);
  }

  private List<String> environment(ImageConfig image, Map<String, String> known) {
    Map<String, String> variables = new LinkedHashMap<>();
    image.environment().forEach(one -> variables.put(one.split("=", 2)[0], one));
    pairs(known).forEach((key, value) -> variables.put(key, key + "=" + value));
    return List.copyOf(variables.values());
  }

  private List<String> ports(Map<String, String> known) {
    return listed(known).stream().map(port -> port.contains("/") ? port : port + "/tcp").toList();
  }

  private List<String> listed(Map<String, String> known) {
    return text.startsWith("[")
        ? Stream.of(ProcessOptions.words(text)).map(word -> unquoted(word, known)).toList()
        : words(known);
  }

  private static Set<String> with(Set<String> before, List<String> added) {
    Set<String> all = new LinkedHashSet<>(before);
    all.addAll(added);
    return all;
  }

  /** {@code KEY=VALUE ...}, or a single {@code KEY VALUE}. */
  private Map<String, String> pairs(Map<String, String> known) {
    Map<String, String> pairs = new LinkedHashMap<>();
    List<String> words = words(known);
    if (!words.get(0).contains("=")) {
      String[] pair = text.split("\\s+", 2);
      if (pair.length < 2) {
        throw invalid(name + " " + pair[0] + " is not KEY=VALUE");
      }
      return Map.of(pair[0], unquoted(pair[1], known));
    }
    for (String word : words) {
      int equals = word.indexOf('=');
      if (equals < 1) {
        throw invalid(name + " has a word that is not KEY=VALUE");
      }
      pairs.put(word.substring(0, equals), word.substring(equals + 1));
    }
    return pairs;
  }

  /** Words with what stands in quotation marks, or after a backslash, as it is. */
  private List<String> words(Map<String, String> known) {
    List<String> words = new ArrayList<>();
    Matcher word = WORD.matcher(text);
    int end = 0;
    while (word.find() && text.substring(end, word.start()).isBlank()) {
      words.add(unquoted(word.group(), known));
      end = word.end();
    }
    if (words.isEmpty() || !text.substring(end).isBlank()) {
      throw invalid("a quotation mark or a backslash in a change has nothing that follows");
    }
    return words;
  }

  private String unquoted(String word, Map<String, String> known) {
    return QUOTED
        .matcher(word)
        .replaceAll(
            found -> {
              String plain = found.group(1) != null ? found.group(1) : found.group(3);
              if (plain == null) {
                String inside = found.group(2);
                plain = inside == null ? value(found, 4, known) : expanded(inside, known);
              }
              return Matcher.quoteReplacement(plain);
            });
  }

  private String expanded(String inside, Map<String, String> known) {
    return INSIDE
        .matcher(inside)
        .replaceAll(
            found ->
                Matcher.quoteReplacement(
                    found.group(1) != null ? found.group(1) : value(found, 2, known)));
  }

  /**
   * Of a variable; empty if it is not known.
   *
   * @param group the first of those in {@link #VARIABLE}
   */
  private String value(MatchResult found, int group, Map<String, String> known) {
    String braced = found.group(group + 1);
    if (braced != null && (braced.isEmpty() || !found.group(group + 2).equals("}"))) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          name + " ${" + braced + "…} is not supported, but $NAME and ${NAME} are");
    }
    return known.getOrDefault(braced == null ? found.group(group) : braced, "");
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }
}
