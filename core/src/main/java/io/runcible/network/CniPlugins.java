package io.runcible.network;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.Spawn;
import io.runcible.ffi.WaitStatus;
import io.runcible.json.JsonTree;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Runs the plugins of CNI networks (CNI specification, section 2). */
final class CniPlugins {
  /** Where distributions and the project itself put them. */
  static final List<Path> DIRECTORIES =
      List.of(Path.of("/opt/cni/bin"), Path.of("/usr/lib/cni"), Path.of("/usr/libexec/cni"));

  private static final int MAX_ANSWER = 1 << 20;
  private static final int SHOWN = 500;

  /** What fits into a pipe before anybody reads. */
  private static final int MAX_INPUT = 64_000;

  private final List<Path> directories;
  private final Duration limit;

  CniPlugins(List<Path> directories, Duration limit) {
    this.directories = List.copyOf(directories);
    this.limit = limit;
  }

  /**
   * One container on one network.
   *
   * @param containerId what the plugins know it by
   * @param namespace its network namespace; empty if that is gone
   * @param device its device, inside
   * @param ports what is to be published
   */
  record Attachment(
      String containerId, Optional<Path> namespace, String device, List<PortBinding> ports) {}

  /**
   * Asks all plugins, in order, each with the result of the one before.
   *
   * @return the last result
   */
  JsonNode add(CniConfiguration configuration, Attachment attachment) {
    JsonNode result = null;
    for (ObjectNode plugin : configuration.plugins()) {
      String answer = run("ADD", configuration, plugin, attachment, result);
      result = parse(answer, plugin);
    }
    if (result == null) {
      throw new IllegalStateException("no plugin");
    }
    return result;
  }

  /** Asks all plugins whether what they have made is still there. */
  void check(CniConfiguration configuration, Attachment attachment, JsonNode result) {
    for (ObjectNode plugin : configuration.plugins()) {
      run("CHECK", configuration, plugin, attachment, result);
    }
  }

  /** Has all plugins undo what they did, the last first; goes on after a failure. */
  void delete(CniConfiguration configuration, Attachment attachment, @Nullable JsonNode result) {
    RuncibleException failure = null;
    for (int i = configuration.plugins().size() - 1; i >= 0; i--) {
      try {
        run("DEL", configuration, configuration.plugins().get(i), attachment, result);
      } catch (RuncibleException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private static JsonNode parse(String answer, ObjectNode plugin) {
    try {
      JsonNode json = JsonTree.read(answer);
      if (json != null && json.isObject()) {
        return json;
      }
      throw failed(
          "ADD", plugin, ErrorKind.UNAVAILABLE, "it answers with no result: " + shown(answer));
    } catch (JsonProcessingException e) {
      throw failed(
          "ADD", plugin, ErrorKind.UNAVAILABLE, "it answers with no result: " + shown(answer));
    }
  }

  private String run(
      String command,
      CniConfiguration configuration,
      ObjectNode plugin,
      Attachment attachment,
      @Nullable JsonNode result) {
    String type = plugin.path("type").asText();
    Path program = find(type);
    byte[] input = input(configuration, plugin, attachment, result);
    if (input.length > MAX_INPUT && command.equals("DEL")) {
      // Most plugins need no result to undo what they did; asked in vain, none would.
      input = input(configuration, plugin, attachment, null);
    }
    if (input.length > MAX_INPUT) {
      throw failed(
          command, plugin, ErrorKind.INVALID_INPUT, "its input has " + input.length + " bytes");
    }
    try (Pipe in = Pipe.open();
        Pipe out = Pipe.open();
        Pipe errors = Pipe.open()) {
      try (OutputStream write = in.outputStream()) {
        write.write(input);
      }
      try (ChildProcess child =
          Spawn.of(List.of(program.toString()), environment(command, attachment))
              .descriptor(0, in.reader())
              .descriptor(1, out.writer())
              .descriptor(2, errors.writer())
              .start()) {
        in.reader().close();
        out.writer().close();
        errors.writer().close();
        return answer(command, plugin, child, read(out), read(errors));
      }
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.INTERNAL, "cannot talk to '" + program + "'", e);
    }
  }

  private Path find(String type) {
    return directories.stream()
        .map(directory -> directory.resolve(type))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow(
            () ->
                new RuncibleException(
                    ErrorKind.UNSUPPORTED,
                    "the CNI plugin '"
                        + type
                        + "' is in none of "
                        + directories
                        + "; on Debian: apt-get install containernetworking-plugins"));
  }

  private static byte[] input(
      CniConfiguration configuration,
      ObjectNode plugin,
      Attachment attachment,
      @Nullable JsonNode result) {
    ObjectNode input = plugin.deepCopy();
    input.put("name", configuration.name());
    input.put("cniVersion", configuration.version());
    if (result != null) {
      input.set("prevResult", result);
    }
    if (CniConfiguration.publishes(plugin) && !attachment.ports().isEmpty()) {
      ArrayNode mappings = input.putObject("runtimeConfig").putArray("portMappings");
      for (PortBinding port : attachment.ports()) {
        ObjectNode mapping = mappings.addObject();
        mapping.put("hostPort", port.hostPort());
        mapping.put("containerPort", port.containerPort());
        mapping.put("protocol", port.protocol().toString());
        if (!port.hostAddress().isAnyLocalAddress()) {
          mapping.put("hostIP", port.hostAddress().getHostAddress());
        }
      }
    }
    input.remove("capabilities");
    return input.toString().getBytes(StandardCharsets.UTF_8);
  }

  private Map<String, String> environment(String command, Attachment attachment) {
    Map<String, String> environment = new HashMap<>(Spawn.plainEnvironment());
    environment.put("CNI_COMMAND", command);
    environment.put("CNI_CONTAINERID", attachment.containerId());
    environment.put("CNI_NETNS", attachment.namespace().map(Path::toString).orElse(""));
    environment.put("CNI_IFNAME", attachment.device());
    environment.put(
        "CNI_PATH", directories.stream().map(Path::toString).collect(Collectors.joining(":")));
    return environment;
  }

  /** Apart from this thread, which does not wait for a plugin for ever. */
  private static FutureTask<String> read(Pipe pipe) {
    FutureTask<String> task =
        new FutureTask<>(
            () -> {
              try (InputStream stream = pipe.inputStream()) {
                byte[] kept = stream.readNBytes(MAX_ANSWER + 1);
                stream.transferTo(OutputStream.nullOutputStream());
                return new String(kept, StandardCharsets.UTF_8);
              }
            });
    Thread thread = new Thread(task, "runcible-cni");
    thread.setDaemon(true);
    thread.start();
    return task;
  }

  private String answer(
      String command,
      ObjectNode plugin,
      ChildProcess child,
      FutureTask<String> out,
      FutureTask<String> errors) {
    Optional<WaitStatus> end = Optional.empty();
    try {
      end = child.waitFor(limit);
      if (end.isEmpty()) {
        throw failed(command, plugin, ErrorKind.TIMEOUT, "it did not end within " + limit);
      }
      String answer = out.get(limit.toMillis(), TimeUnit.MILLISECONDS);
      String said = errors.get(limit.toMillis(), TimeUnit.MILLISECONDS);
      if (answer.length() > MAX_ANSWER) {
        throw failed(command, plugin, ErrorKind.UNAVAILABLE, "its answer has no end");
      }
      if (!end.get().equals(new WaitStatus(0, 0))) {
        throw failed(command, plugin, ErrorKind.UNAVAILABLE, message(answer, said, end.get()));
      }
      return answer;
    } catch (TimeoutException e) {
      throw failed(command, plugin, ErrorKind.TIMEOUT, "what it started keeps its output open");
    } catch (ExecutionException e) {
      throw new RuncibleException(ErrorKind.INTERNAL, "cannot read what a CNI plugin says", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(ErrorKind.CANCELLED, "interrupted while a CNI plugin works", e);
    } finally {
      if (end.isEmpty()) {
        child.killAndWait();
      }
    }
  }

  /** Its error (section 5, "Error"), or what else it wrote. */
  private static String message(String answer, String said, WaitStatus end) {
    try {
      JsonNode json = JsonTree.read(answer);
      if (json != null && json.hasNonNull("msg")) {
        String details = json.path("details").asText();
        return shown(json.path("msg").asText() + (details.isEmpty() ? "" : ": " + details));
      }
    } catch (JsonProcessingException e) {
      // Some die before they can say it properly.
    }
    return end + " " + shown(said.isBlank() ? answer : said);
  }

  private static String shown(String text) {
    String line = text.strip().replaceAll("\\s+", " ").replaceAll("[\\p{Cc}\\p{Cf}]", "?");
    return line.length() > SHOWN ? line.substring(0, SHOWN) + "…" : line;
  }

  private static RuncibleException failed(
      String command, ObjectNode plugin, ErrorKind kind, String why) {
    return new RuncibleException(
        kind,
        "the CNI plugin '" + plugin.path("type").asText() + "' fails at " + command + ": " + why);
  }
}
