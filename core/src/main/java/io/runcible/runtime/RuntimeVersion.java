package io.runcible.runtime;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.PrivilegedHost;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a runtime says of itself, and what is known of that version. */
final class RuntimeVersion {
  /** {@code runc version 1.1.5+ds1} and {@code crun version 1.8.1}; some leave the word out. */
  private static final Pattern FIRST_LINE =
      Pattern.compile("([A-Za-z0-9_-]{1,40}) (?:version )?([0-9][A-Za-z0-9.+~-]{0,60})");

  private static final Pattern SPEC_LINE =
      Pattern.compile("^spec:? ([A-Za-z0-9.+-]{1,40})$", Pattern.MULTILINE);

  private static final Pattern NUMBERS =
      Pattern.compile(
          "([0-9]{1,6})\\.([0-9]{1,6})(?:\\.([0-9]{1,6}))?(?:[-~]rc\\.?([0-9]{1,6}))?.*");

  private static final Pattern FEATURE = Pattern.compile("\\+([A-Z0-9_:]{1,40})(?=\\s|$)");

  private static final List<Escape> ESCAPES =
      List.of(
          new Escape("runc", "CVE-2024-21626", List.of("1.1.12")),
          new Escape(
              "runc",
              "CVE-2025-31133, CVE-2025-52565 and CVE-2025-52881",
              List.of("1.2.8", "1.3.3", "1.4.0-rc.3")),
          new Escape("runc", "CVE-2026-41579", List.of("1.3.6", "1.4.3", "1.5.0")),
          // By its handler of virtual machines, which few builds have.
          new Escape("crun", "LIBKRUN", "CVE-2025-24965", List.of("1.20")),
          new Escape("youki", "CVE-2025-62161 and CVE-2025-62596", List.of("0.5.7")));

  private static final Set<Path> WARNED = ConcurrentHashMap.newKeySet();

  private RuntimeVersion() {}

  /** What a runtime says, or said when its program was the same. */
  static OciRuntime.Info of(
      PrivilegedHost host, List<String> launcher, Path program, RuntimeAnswers answers) {
    // A command before the program may have it answer anything.
    OciRuntime.Info info =
        launcher.size() == 1
            ? parse(answers.get(program, () -> ask(host, launcher, program)), program)
            : parse(ask(host, launcher, program), program);
    List<String> warnings = warnings(info);
    if (!warnings.isEmpty() && WARNED.add(program)) {
      for (String warning : warnings) {
        log().warn(warning);
      }
    }
    return info;
  }

  private static String ask(PrivilegedHost host, List<String> launcher, Path program) {
    List<String> command = new ArrayList<>(launcher);
    command.add("--version");
    String answer =
        RuntimeCommand.call(
            host, command, "cannot ask the OCI runtime '" + program + "' for its version");
    parse(answer, program);
    return answer;
  }

  /**
   * Reads the answer.
   *
   * @throws RuncibleException UNSUPPORTED if it is none of a runtime
   */
  static OciRuntime.Info parse(String answer, Path program) {
    Matcher first = FIRST_LINE.matcher(answer);
    if (!first.lookingAt()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "'"
              + program
              + "' does not look like an OCI runtime: its version is "
              + SpecChecks.shown(answer));
    }
    Matcher spec = SPEC_LINE.matcher(answer);
    return new OciRuntime.Info(
        first.group(1),
        first.group(2),
        spec.find() ? spec.group(1) : "unknown",
        program,
        features(answer));
  }

  private static Set<String> features(String answer) {
    Set<String> features = new HashSet<>();
    for (Matcher found = FEATURE.matcher(answer); found.find(); ) {
      features.add(found.group(1));
    }
    return features;
  }

  static OciRuntime.Info ask(Path program, PrivilegedHost host) {
    return parse(ask(host, List.of(program.toString()), program), program);
  }

  /** What a user of this runtime should know, in one line. */
  static List<String> warnings(OciRuntime.Info info) {
    List<String> escapes = escapes(info);
    return escapes.isEmpty()
        ? List.of()
        : List.of(
            info.name()
                + " "
                + info.version()
                + " ("
                + info.program()
                + ") has known container escapes, unless the distribution mended them without a"
                + " new version number: "
                + String.join("; ", escapes));
  }

  /** The container escapes that later releases mend. */
  static List<String> escapes(OciRuntime.Info info) {
    Matcher numbers = NUMBERS.matcher(info.version());
    if (!numbers.matches()) {
      return List.of();
    }
    Release release = Release.of(numbers);
    List<String> escapes = new ArrayList<>();
    for (Escape escape : ESCAPES) {
      if (escape.concerns(info) && !escape.isMendedIn(release)) {
        escapes.add(escape.names() + ", mended in " + String.join(", ", escape.mended()));
      }
    }
    return escapes;
  }

  /** A version; one without the number of a candidate is later than all candidates. */
  private record Release(int major, int minor, int patch, int candidate)
      implements Comparable<Release> {
    static Release parse(String text) {
      Matcher numbers = NUMBERS.matcher(text);
      if (!numbers.matches()) {
        throw new IllegalArgumentException(text);
      }
      return of(numbers);
    }

    static Release of(Matcher numbers) {
      return new Release(
          number(numbers, 1, 0),
          number(numbers, 2, 0),
          number(numbers, 3, 0),
          number(numbers, 4, Integer.MAX_VALUE));
    }

    private static int number(Matcher numbers, int group, int otherwise) {
      return numbers.group(group) == null ? otherwise : Integer.parseInt(numbers.group(group));
    }

    boolean isOfSeries(Release other) {
      return major == other.major && minor == other.minor;
    }

    @Override
    public int compareTo(Release other) {
      return Arrays.compare(parts(), other.parts());
    }

    private int[] parts() {
      return new int[] {major, minor, patch, candidate};
    }
  }

  /**
   * Holes that let a container out.
   *
   * @param runtime the name of the runtime
   * @param feature what it has to be built with; empty for nothing
   * @param mended the first sound release of each series that got one, in ascending order; the
   *     series after the last are sound
   */
  private record Escape(String runtime, String feature, String names, List<String> mended) {
    Escape(String runtime, String names, List<String> mended) {
      this(runtime, "", names, mended);
    }

    boolean concerns(OciRuntime.Info info) {
      return info.name().equals(runtime)
          && (feature.isEmpty() || info.features().contains(feature));
    }

    boolean isMendedIn(Release release) {
      for (String text : mended) {
        Release sound = Release.parse(text);
        boolean last = text.equals(mended.get(mended.size() - 1));
        if ((last || release.isOfSeries(sound)) && release.compareTo(sound) >= 0) {
          return true;
        }
      }
      return false;
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(RuntimeVersion.class);
  }
}
