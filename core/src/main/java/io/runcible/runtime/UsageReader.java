package io.runcible.runtime;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * Reads what a control group has used, from whichever files are there: a key that only one
 * generation has tells which one counts, also where both are mounted.
 */
final class UsageReader {
  /** Beyond it the old hierarchy means that there is no limit. */
  private static final long LARGEST_LIMIT = 1L << 62;

  private static final long MICRO = 1000;

  private final Cgroup group;
  private final Map<String, List<List<String>>> known = new HashMap<>();

  UsageReader(Cgroup group) {
    this.group = group;
  }

  /** The lines of all files of that name, in the order of the directories. */
  private Stream<List<String>> lines(String name) {
    return known.computeIfAbsent(name, this::readAll).stream();
  }

  private List<List<String>> readAll(String name) {
    List<List<String>> read = new ArrayList<>(1);
    for (Path file : group.files(name)) {
      List<String> lines = Cgroup.lines(file);
      if (!lines.isEmpty()) {
        read.add(lines);
      }
    }
    return read;
  }

  ResourceUsage read() {
    return new ResourceUsage(
        number("memory.current", "memory.usage_in_bytes"),
        or(keyed("memory.stat", "total_inactive_file"), keyed("memory.stat", "inactive_file")),
        number("memory.peak", "memory.max_usage_in_bytes"),
        limit(number("memory.max", "memory.limit_in_bytes")),
        or(keyed("memory.events", "oom_kill"), keyed("memory.oom_control", "oom_kill")),
        nanos(or(number("cpuacct.usage"), micros(keyed("cpu.stat", "usage_usec")))),
        keyed("cpu.stat", "nr_throttled"),
        nanos(or(keyed("cpu.stat", "throttled_time"), micros(keyed("cpu.stat", "throttled_usec")))),
        number("pids.current"),
        limit(number("pids.max")),
        blockBytes("Read", "rbytes="),
        blockBytes("Write", "wbytes="));
  }

  private static OptionalLong or(OptionalLong first, OptionalLong second) {
    return first.isPresent() ? first : second;
  }

  private static OptionalLong limit(OptionalLong value) {
    return value.isPresent() && value.getAsLong() < LARGEST_LIMIT ? value : OptionalLong.empty();
  }

  private static OptionalLong micros(OptionalLong value) {
    return value.isPresent() ? OptionalLong.of(value.getAsLong() * MICRO) : OptionalLong.empty();
  }

  private static Optional<Duration> nanos(OptionalLong value) {
    return value.isPresent() ? Optional.of(Duration.ofNanos(value.getAsLong())) : Optional.empty();
  }

  /** The number in the first of these files that is there; none for the word "max". */
  private OptionalLong number(String... files) {
    for (String file : files) {
      Optional<List<String>> lines = lines(file).findFirst();
      if (lines.isPresent()) {
        return parse(lines.get().get(0));
      }
    }
    return OptionalLong.empty();
  }

  /** The number behind a word at the beginning of a line. */
  private OptionalLong keyed(String file, String key) {
    return lines(file)
        .flatMap(List::stream)
        .filter(line -> line.startsWith(key + " "))
        .findFirst()
        .map(line -> parse(line.substring(key.length() + 1)))
        .orElse(OptionalLong.empty());
  }

  /** The sum over all devices. */
  private OptionalLong blockBytes(String v1Word, String v2Key) {
    Optional<List<String>> v2 = lines("io.stat").findFirst();
    if (v2.isPresent()) {
      return OptionalLong.of(v2.get().stream().mapToLong(line -> v2Bytes(line, v2Key)).sum());
    }
    return Stream.of("blkio.throttle.io_service_bytes_recursive", "blkio.throttle.io_service_bytes")
        .flatMap(this::lines)
        .findFirst()
        .map(v1 -> OptionalLong.of(v1.stream().mapToLong(line -> v1Bytes(line, v1Word)).sum()))
        .orElse(OptionalLong.empty());
  }

  /** {@code 254:0 Read 4096}. */
  private static long v1Bytes(String line, String word) {
    String[] fields = line.split(" ", -1);
    return fields.length == 3 && fields[1].equals(word) ? parse(fields[2]).orElse(0) : 0;
  }

  /** {@code 254:0 rbytes=4096 wbytes=0 rios=1}. */
  private static long v2Bytes(String line, String key) {
    for (String field : line.split(" ", -1)) {
      if (field.startsWith(key)) {
        return parse(field.substring(key.length())).orElse(0);
      }
    }
    return 0;
  }

  private static OptionalLong parse(String text) {
    try {
      return OptionalLong.of(Long.parseLong(text.strip()));
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }
}
