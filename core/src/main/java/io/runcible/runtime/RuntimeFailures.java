package io.runcible.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.json.JsonTree;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Turns what a runtime logs into an error. The texts quote names of the image, so they are cut and
 * cleaned, and only decide the kind of the error.
 */
final class RuntimeFailures {
  private static final int MAX_LOG = 64 * 1024;
  private static final int MAX_ENTRIES = 4;
  private static final int MAX_MESSAGE = 600;

  /** crun's words of a program that is there, whose name it leaves out. */
  private static final String UNNAMED = "open executable: ";

  /**
   * The kind that follows from a message, and the next step; the first rule that fits counts.
   *
   * @param texts in lower case, one of them is in the message; the parts around an ellipsis are in
   *     it in any order
   */
  private record Rule(ErrorKind kind, String hint, List<String> texts) {
    Rule(ErrorKind kind, String hint, String... texts) {
      this(kind, hint, List.of(texts));
    }

    boolean fits(String message) {
      return texts.stream()
          .anyMatch(text -> Arrays.stream(text.split("…", -1)).allMatch(message::contains));
    }
  }

  /** The words of runc 1.1 and of crun 1.8. */
  private static final List<Rule> RULES =
      List.of(
          new Rule(
              ErrorKind.UNSUPPORTED,
              "crun cannot work where cgroup v1 and v2 are mounted side by side; use runc, or boot"
                  + " with cgroup v2 alone",
              "cgroups in hybrid mode not supported"),
          new Rule(
              ErrorKind.FAILED_PRECONDITION,
              "the memory limit is too low even to start",
              "oom-killed",
              "memory limit could be too low",
              "unable to set memory limit"),
          new Rule(
              ErrorKind.NOT_FOUND,
              "the image has no such program in its PATH",
              "executable file…not found"),
          new Rule(
              ErrorKind.FAILED_PRECONDITION,
              "the working directory cannot be entered",
              "chdir",
              "mkdir…not a directory"),
          new Rule(
              ErrorKind.FAILED_PRECONDITION,
              "it is neither a program for this machine nor a script with an interpreter",
              "exec format error"),
          new Rule(
              ErrorKind.NOT_FOUND,
              "the path of the program leads nowhere in the image",
              "exec: \"…not a directory",
              "exec: \"…too many levels of symbolic links",
              "exec: \"…file name too long",
              "open executable: not a directory",
              "open executable: too many levels of symbolic links",
              "open executable: file name too long"),
          new Rule(
              ErrorKind.PERMISSION_DENIED,
              "the program is a directory, or not executable for this user",
              "exec: …permission denied",
              "exec: …is a directory",
              UNNAMED),
          new Rule(
              ErrorKind.NOT_FOUND,
              "the container is gone",
              "container…does not exist",
              "error opening file…/status`"),
          new Rule(
              ErrorKind.FAILED_PRECONDITION,
              "the container has ended",
              "cannot exec in a stopped container",
              "is not running",
              "container not running",
              "failed to open /proc/…/ns/…no such file or directory",
              "namespace path: lstat /proc/…no such file or directory"),
          new Rule(
              ErrorKind.NOT_FOUND,
              "the image lacks the program, its interpreter or its dynamic loader",
              "exec…no such file or directory"),
          new Rule(ErrorKind.ALREADY_EXISTS, "the id is in use", "already exists"),
          new Rule(ErrorKind.FAILED_PRECONDITION, "resume the container first", "paused container"),
          new Rule(
              ErrorKind.UNSUPPORTED,
              "the container that this process is in hides parts of its /proc, and then the kernel"
                  + " allows no other one; see capabilities()",
              "mounting \"proc\"…operation not permitted",
              "mount `proc` to `proc`…operation not permitted"),
          new Rule(
              ErrorKind.PERMISSION_DENIED,
              "this process may not set what was asked for",
              "operation not permitted"),
          new Rule(
              ErrorKind.UNAVAILABLE,
              "the host has no room for another process",
              "resource temporarily unavailable"),
          new Rule(ErrorKind.UNAVAILABLE, "the disk is full", "no space left on device"),
          new Rule(ErrorKind.UNSUPPORTED, "it does not know the command", "unknown command"));

  private RuntimeFailures() {}

  /** The messages of the last errors in a log, cleaned; empty if there is none. */
  static List<String> errors(Path log) {
    List<String> messages = new ArrayList<>();
    for (String line : tail(log).split("\n", -1)) {
      @Nullable JsonNode entry = parse(line);
      if (entry != null) {
        String level = entry.path("level").asText();
        if (level.equals("error") || level.equals("fatal")) {
          messages.add(clean(entry.path("msg").asText()));
        }
      }
    }
    return messages.subList(Math.max(0, messages.size() - MAX_ENTRIES), messages.size());
  }

  private static @Nullable JsonNode parse(String line) {
    try {
      return JsonTree.read(line);
    } catch (IOException e) {
      // The first line of the tail may be cut.
      return null;
    }
  }

  private static String tail(Path log) {
    try (SeekableByteChannel channel = Files.newByteChannel(log)) {
      channel.position(Math.max(0, channel.size() - MAX_LOG));
      ByteBuffer buffer = ByteBuffer.allocate(MAX_LOG);
      while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
        // Until the end or the cap.
      }
      return new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      return "";
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.INTERNAL, "cannot read the runtime's log '" + log + "'", e);
    }
  }

  static String clean(String text) {
    StringBuilder clean = new StringBuilder();
    text.strip()
        .codePoints()
        .limit(MAX_MESSAGE)
        .forEach(c -> clean.appendCodePoint(Character.isISOControl(c) ? ' ' : c));
    return clean.toString();
  }

  /**
   * The error that some messages amount to, with the program where they do not name it.
   *
   * @param what what was attempted, on which object
   * @param file describes the process
   * @param process where in the file
   */
  static RuncibleException of(String what, List<String> messages, Path file, String process) {
    boolean unnamed = messages.stream().anyMatch(message -> message.startsWith(UNNAMED));
    return of(unnamed ? what + " with " + program(file, process) : what, messages);
  }

  private static String program(Path file, String process) {
    try {
      JsonNode args = JsonTree.read(Files.readAllBytes(file)).at(process).path("args");
      return "'" + clean(args.path(0).asText()) + "'";
    } catch (IOException e) {
      return "its program";
    }
  }

  /**
   * The error that some messages amount to.
   *
   * @param what what was attempted, on which object
   */
  static RuncibleException of(String what, List<String> messages) {
    String all = String.join("; ", messages);
    String lower = all.toLowerCase(Locale.ROOT);
    for (Rule rule : RULES) {
      if (rule.fits(lower)) {
        return new RuncibleException(rule.kind(), what + ": " + rule.hint() + " (" + all + ")");
      }
    }
    return new RuncibleException(ErrorKind.INTERNAL, what + ": " + all);
  }
}
