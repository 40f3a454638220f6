package io.runcible.sandbox;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a sandbox is to run. Immutable. */
public final class SandboxRequest {
  private static final int MAX_COMMAND = 128 << 10;
  private static final int MAX_FILES = 1024;
  private static final long MAX_BYTES = 256L << 20;
  private static final int MAX_MODE = 0777;

  private final Builder state;

  private SandboxRequest(Builder state) {
    this.state = state;
  }

  /**
   * Begins a request.
   *
   * @param command the program, by its path or by its name in the PATH, and its arguments. The
   *     entry point and the command of the image do not count
   * @throws RuncibleException INVALID_INPUT for none, for more than 128 KiB, or a zero byte
   */
  public static Builder builder(String... command) {
    return new Builder(List.of(command));
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }

  List<String> command() {
    return state.command;
  }

  Map<String, String> environment() {
    return state.environment;
  }

  byte[] stdin() {
    return state.stdin;
  }

  Map<String, SandboxFile> files() {
    return state.files;
  }

  List<String> artifacts() {
    return state.artifacts;
  }

  Optional<Duration> timeout() {
    return Optional.ofNullable(state.timeout);
  }

  String caller() {
    return state.caller;
  }

  OutputListener output() {
    return state.output;
  }

  /** Collects a {@link SandboxRequest}. Not thread-safe. */
  public static final class Builder {
    private final List<String> command;
    private final Map<String, String> environment = new LinkedHashMap<>();
    private final Map<String, SandboxFile> files = new LinkedHashMap<>();
    private final List<String> artifacts = new ArrayList<>();
    private byte[] stdin = new byte[0];
    private long bytes;
    private @Nullable Duration timeout;
    private String caller = "";
    private OutputListener output = (stream, written) -> {};

    private Builder(List<String> command) {
      long length = command.stream().mapToLong(String::length).sum();
      if (command.isEmpty() || command.get(0).isEmpty()) {
        throw invalid("there is no command to run");
      }
      if (length > MAX_COMMAND) {
        throw invalid("the command has " + length + " characters");
      }
      if (command.stream().anyMatch(word -> word.indexOf('\0') >= 0)) {
        throw invalid("the command has a zero byte in it");
      }
      this.command = command;
    }

    private Builder(Builder from) {
      command = from.command;
      environment.putAll(from.environment);
      files.putAll(from.files);
      artifacts.addAll(from.artifacts);
      stdin = from.stdin;
      bytes = from.bytes;
      timeout = from.timeout;
      caller = from.caller;
      output = from.output;
    }

    /** Sets a variable; those of the image and of the profile stay. */
    public Builder environment(String key, String value) {
      if (key.isEmpty() || key.indexOf('=') >= 0 || (key + value).indexOf('\0') >= 0) {
        throw invalid("'" + key + "' cannot be an environment variable");
      }
      environment.put(key, value);
      return this;
    }

    /**
     * What the program reads from its standard input; by default nothing. It counts as memory of
     * the sandbox.
     */
    public Builder stdin(byte[] bytes) {
      count(bytes);
      stdin = bytes.clone();
      return this;
    }

    /** The same as a text in UTF-8. */
    public Builder stdin(String text) {
      return stdin(text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Puts a file with mode 0644 into the working directory; see {@link #file(String, byte[],
     * int)}.
     */
    public Builder file(String name, String text) {
      return file(name, text.getBytes(StandardCharsets.UTF_8), 0644);
    }

    /** The same with other content than text. */
    public Builder file(String name, byte[] content) {
      return file(name, content, 0644);
    }

    /**
     * Puts a file into the working directory, which belongs to the user that the program runs as.
     * Directories above it are made.
     *
     * @param name a relative path without {@code .} and {@code ..}, with at most 32 directories
     * @param mode its permissions, such as 0755
     * @throws RuncibleException INVALID_INPUT for another name or mode, the same name twice, more
     *     than 1,024 files or more than 256 MiB
     */
    public Builder file(String name, byte[] content, int mode) {
      FileNames.require(name);
      if (mode < 0 || mode > MAX_MODE) {
        throw invalid("0" + Integer.toOctalString(mode) + " is no mode of the file '" + name + "'");
      }
      count(content);
      if (files.size() == MAX_FILES) {
        throw invalid("there are more than " + MAX_FILES + " files");
      }
      if (files.put(name, new SandboxFile(content.clone(), mode)) != null) {
        throw invalid("the file '" + name + "' is given twice");
      }
      return this;
    }

    private void count(byte[] content) {
      bytes += content.length;
      if (bytes > MAX_BYTES) {
        throw invalid("the input and the files have more than " + MAX_BYTES + " bytes");
      }
    }

    /**
     * Asks for files that are in the working directory when the program has ended by itself: those
     * that were not there before, or have another content. Only regular files are taken, never what
     * a symbolic link names.
     *
     * @param glob of their path there, as {@code *.png} or {@code out/**}, see {@link
     *     java.nio.file.FileSystem#getPathMatcher}; may be given several times
     * @throws RuncibleException INVALID_INPUT if it is no glob
     */
    public Builder artifacts(String glob) {
      try {
        FileSystems.getDefault().getPathMatcher("glob:" + glob).matches(Path.of("name"));
      } catch (IllegalArgumentException e) {
        throw new RuncibleException(ErrorKind.INVALID_INPUT, "'" + glob + "' is no glob", e);
      }
      artifacts.add(glob);
      return this;
    }

    /** Limits the wall-clock time; by default, and at most, that of the profile. */
    public Builder timeout(Duration limit) {
      if (limit.isNegative() || limit.isZero()) {
        throw invalid("a program cannot end within " + limit);
      }
      timeout = limit;
      return this;
    }

    /**
     * Says for whom it runs. Callers take turns when programs have to wait, so that one with many
     * does not keep the others from theirs. By default all are of the same caller.
     */
    public Builder caller(String name) {
      caller = name;
      return this;
    }

    /** Hears the outputs while they are written; the result has them, too. */
    public Builder output(OutputListener listener) {
      output = listener;
      return this;
    }

    /** The request. */
    public SandboxRequest build() {
      return new SandboxRequest(new Builder(this));
    }
  }
}
