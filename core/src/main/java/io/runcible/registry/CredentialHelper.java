package io.runcible.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs {@code docker-credential-NAME} with {@code get}, {@code store} or {@code erase}: the
 * registry, or JSON with {@code ServerURL}, {@code Username} and {@code Secret}, goes to its
 * standard input, and the same comes from its standard output. A helper that does not work when it
 * is asked is logged and counts as having nothing, as a configuration may be shared with a machine
 * that has it; when it is to keep or forget something, that is an error.
 */
final class CredentialHelper {
  private static final String PREFIX = "docker-credential-";
  private static final int MAX_NAME = 64;
  private static final int MAX_OUTPUT = 64 * 1024;

  private final Duration timeout;
  private final String directory;

  /** Looks for helpers where the host looks for programs. */
  CredentialHelper(Duration timeout) {
    this(timeout, "");
  }

  CredentialHelper(Duration timeout, String directory) {
    this.timeout = timeout;
    this.directory = directory;
  }

  /**
   * Asks a helper.
   *
   * @param name its name without the prefix
   * @param server what it knows the registry by
   */
  Optional<Credentials> get(String name, String server) {
    String program = program(name);
    try {
      Answer answer = run(program, "get", server + "\n");
      // Helpers end with 1 both when they have nothing and when they fail.
      return answer.good() ? Optional.of(parse(answer.output())) : none(program, server, answer);
    } catch (IOException e) {
      log().warn("Asking {} for credentials of {} failed: {}", program, server, e.getMessage());
      return Optional.empty();
    }
  }

  /**
   * Hands credentials to a helper to keep.
   *
   * @throws RuncibleException FAILED_PRECONDITION when it does not take them
   */
  void store(String name, String server, Credentials credentials) {
    ObjectNode entry = Json.newObject();
    entry.put("ServerURL", server);
    entry.put("Username", credentials.username().orElse(AuthFile.TOKEN_USER));
    entry.put("Secret", credentials.secret());
    String program = program(name);
    try {
      if (!run(program, "store", entry.toString()).good()) {
        // What it said might repeat the password.
        throw failed(program, "keep credentials of " + server, "it refused", null);
      }
    } catch (IOException e) {
      throw failed(program, "keep credentials of " + server, e.getMessage(), e);
    }
  }

  /**
   * Makes a helper forget credentials.
   *
   * @throws RuncibleException FAILED_PRECONDITION when it fails
   */
  void erase(String name, String server) {
    String program = program(name);
    try {
      Answer answer = run(program, "erase", server + "\n");
      if (!answer.good()) {
        throw failed(program, "forget credentials of " + server, answer.said(), null);
      }
    } catch (IOException e) {
      throw failed(program, "forget credentials of " + server, e.getMessage(), e);
    }
  }

  private static RuncibleException failed(
      String program, String what, @Nullable String reason, @Nullable IOException cause) {
    return new RuncibleException(
        ErrorKind.FAILED_PRECONDITION, program + " cannot " + what + ": " + reason, cause);
  }

  private static String program(String name) {
    if (!isName(name)) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "'"
              + ForeignText.shown(name, MAX_NAME)
              + "' is not the name of a credential helper: letters, digits, '.', '_' and '-' are");
    }
    return PREFIX + name;
  }

  /** What a helper wrote, and whether it succeeded. */
  private record Answer(boolean good, String output) {
    String said() {
      return ForeignText.shown(output.trim(), 200);
    }
  }

  private static boolean isName(String name) {
    return !name.isEmpty()
        && name.length() <= MAX_NAME
        && name.chars()
            .allMatch(
                c ->
                    (c >= 'a' && c <= 'z')
                        || (c >= 'A' && c <= 'Z')
                        || (c >= '0' && c <= '9')
                        || c == '.'
                        || c == '_'
                        || c == '-');
  }

  private Answer run(String program, String verb, String input) throws IOException {
    Process process =
        new ProcessBuilder(directory + program, verb).redirectError(Redirect.DISCARD).start();
    try {
      long deadline = System.nanoTime() + timeout.toNanos();
      FutureTask<byte[]> output = read(process);
      write(process, input);
      byte[] raw = output.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (raw.length > MAX_OUTPUT) {
        throw new IOException("its output has more than " + MAX_OUTPUT + " bytes");
      }
      if (!process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
        throw new TimeoutException();
      }
      return new Answer(process.exitValue() == 0, new String(raw, StandardCharsets.UTF_8));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(
          ErrorKind.CANCELLED, "cannot ask " + program + ": the thread was interrupted", e);
    } catch (TimeoutException e) {
      throw new IOException("no answer within " + timeout.toMillis() + " ms", e);
    } catch (ExecutionException e) {
      throw new IOException("its output cannot be read: " + e.getMessage(), e);
    } finally {
      process.destroyForcibly();
    }
  }

  /** Reads on a thread of its own, as reading from a process has no time limit. */
  private static FutureTask<byte[]> read(Process process) {
    InputStream out = process.getInputStream();
    FutureTask<byte[]> task = new FutureTask<>(() -> out.readNBytes(MAX_OUTPUT + 1));
    Thread thread = new Thread(task, "runcible-credential-helper");
    thread.setDaemon(true);
    thread.start();
    return task;
  }

  private static void write(Process process, String input) {
    try (OutputStream in = process.getOutputStream()) {
      in.write(input.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // It may answer without having read; the answer tells.
      log().debug("A credential helper did not read what it was asked", e);
    }
  }

  private static Credentials parse(String output) throws IOException {
    Optional<ObjectNode> answer = Json.object(output.getBytes(StandardCharsets.UTF_8));
    Optional<String> secret = answer.flatMap(json -> Json.text(json, "Secret"));
    if (secret.isEmpty()) {
      throw new IOException("its answer is not JSON with a secret");
    }
    return AuthFile.of(Json.text(answer.get(), "Username").orElse(""), secret.get());
  }

  private static Optional<Credentials> none(String program, String server, Answer answer) {
    log().debug("{} has nothing for {}: {}", program, server, answer.said());
    return Optional.empty();
  }

  private static Logger log() {
    return LoggerFactory.getLogger(CredentialHelper.class);
  }
}
