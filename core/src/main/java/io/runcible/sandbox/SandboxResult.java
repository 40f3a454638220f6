package io.runcible.sandbox;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** How a program in a sandbox ended, and what it left. */
public final class SandboxResult {
  private final EndReason reason;
  private final OptionalInt exitCode;
  private final OptionalInt signal;
  private final byte[] stdout;
  private final byte[] stderr;
  private final Map<String, byte[]> artifacts;
  private final List<String> omitted;
  private final SandboxUsage usage;

  SandboxResult(
      EndReason reason,
      OptionalInt exitCode,
      OptionalInt signal,
      byte[] stdout,
      byte[] stderr,
      Map<String, byte[]> artifacts,
      List<String> omitted,
      SandboxUsage usage) {
    this.reason = reason;
    this.exitCode = exitCode;
    this.signal = signal;
    this.stdout = stdout;
    this.stderr = stderr;
    this.artifacts = Collections.unmodifiableMap(new LinkedHashMap<>(artifacts));
    this.omitted = List.copyOf(omitted);
    this.usage = usage;
  }

  /** Why it ended. */
  public EndReason reason() {
    return reason;
  }

  /** Whether it ended by itself with exit code 0. */
  public boolean isSuccess() {
    return reason == EndReason.EXITED && exitCode.equals(OptionalInt.of(0));
  }

  /** Its exit code; empty unless it ended by itself. */
  public OptionalInt exitCode() {
    return exitCode;
  }

  /** The signal that ended it, of its own or of the kernel's; empty if the sandbox was ended. */
  public OptionalInt signal() {
    return signal;
  }

  /** What it wrote to its standard output, up to the limit; what is not UTF-8 is replaced. */
  public String stdout() {
    return new String(stdout, StandardCharsets.UTF_8);
  }

  /** What it wrote to its standard error output, as {@link #stdout()}. */
  public String stderr() {
    return new String(stderr, StandardCharsets.UTF_8);
  }

  /** The bytes of {@link #stdout()}; the caller owns the array. */
  public byte[] stdoutBytes() {
    return stdout.clone();
  }

  /** The bytes of {@link #stderr()}; the caller owns the array. */
  public byte[] stderrBytes() {
    return stderr.clone();
  }

  /**
   * The regular files that the request asked for, by their path in the working directory, in the
   * order of their names. Empty if the program did not end by itself.
   */
  public Map<String, byte[]> artifacts() {
    return artifacts;
  }

  /** What was asked for and is not in {@link #artifacts()}: a path and the reason, each. */
  public List<String> omittedArtifacts() {
    return omitted;
  }

  /** What it has used. */
  public SandboxUsage usage() {
    return usage;
  }

  /** The reason and the exit code or signal. */
  @Override
  public String toString() {
    String how =
        exitCode.isPresent()
            ? " " + exitCode.getAsInt()
            : signal.isPresent() ? " signal " + signal.getAsInt() : "";
    return reason + how;
  }
}
