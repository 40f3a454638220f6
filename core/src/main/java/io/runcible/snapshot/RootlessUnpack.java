package io.runcible.snapshot;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveBudget;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.LayerFormat;
import io.runcible.archive.Ownership;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.JavaCommand;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.WaitStatus;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/**
 * Unpacks the layers of an image in the namespaces of a rootless holder: a JVM has too many threads
 * to enter a user namespace, so this class is also the main class of a second, short-lived JVM that
 * is started inside, where it may give files to the ids that the user was granted. It reads the
 * blobs, which were verified before, from the store.
 */
final class RootlessUnpack {
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final int MAX_MESSAGE = 16 << 10;

  /** What the worker tells on success stands in one line, after this. */
  private static final String LEFT_OUT = "left out: ";

  /** Of an image. */
  static final int MAX_LEFT_OUT = 1000;

  private static final int MAX_SAID = 4 << 20;
  private static final int AT_ONCE = Math.max(2, Runtime.getRuntime().availableProcessors());

  /**
   * A layer to unpack; all paths are the store's own.
   *
   * @param blob the compressed layer
   * @param diffId the digest of the tar
   * @param directory where to unpack
   * @param lower the layers below, the topmost first
   */
  record Layer(String blob, String diffId, String directory, List<String> lower) {}

  /**
   * Unpacked layers to copy together.
   *
   * @param layers their directories, the lowest first
   * @param target where to
   */
  record Merge(List<String> layers, String target) {}

  /**
   * What the worker reads from its input.
   *
   * @param keepOwners whether there are ids to give files to
   * @param format how whiteouts are marked
   * @param limits what the layers may amount to
   * @param layers the layers to unpack, the lowest first
   * @param merges what to copy then
   */
  record Request(
      boolean keepOwners,
      LayerFormat format,
      ArchiveLimits limits,
      List<Layer> layers,
      List<Merge> merges) {}

  /**
   * Something that a layer has and that cannot be made.
   *
   * @param layer the number of the layer in the request
   * @param name the name of the entry, printable
   * @param what what was left out, and why
   */
  record LeftOut(int layer, String name, String what) {}

  private RootlessUnpack() {}

  /**
   * Runs the worker; throws what it says if it fails.
   *
   * @return what cannot be made there, the first thousand in all
   */
  static List<LeftOut> run(PrivilegedHost host, UnpackedLayer.Form form, List<Layer> layers) {
    return layers.isEmpty()
        ? List.of()
        : run(
            host,
            new Request(
                host.hasIdRange(), form.format(), form.budget().limits(), layers, List.of()));
  }

  /** Copies layers together, as {@link LayerMerge} does. */
  static void merge(PrivilegedHost host, List<Path> layers, Path target) {
    Merge merge = new Merge(layers.stream().map(Path::toString).toList(), target.toString());
    ArchiveLimits unused = ArchiveLimits.DEFAULT;
    run(host, new Request(host.hasIdRange(), LayerFormat.COPY, unused, List.of(), List.of(merge)));
  }

  private static List<LeftOut> run(PrivilegedHost host, Request work) {
    Pipe input = Pipe.open();
    Pipe output = Pipe.open();
    try (ChildProcess worker =
            host.spawn(JavaCommand.of(RootlessUnpack.class), JavaCommand.environment())
                .descriptor(0, input.reader())
                .descriptor(2, output.writer())
                .start();
        InputStream errors = output.inputStream()) {
      input.reader().close();
      output.writer().close();
      try (OutputStream request = input.outputStream()) {
        request.write(MAPPER.writeValueAsBytes(work));
      }
      String said = new String(errors.readNBytes(MAX_SAID), StandardCharsets.UTF_8).strip();
      finish(worker, said.substring(0, Math.min(said.length(), MAX_MESSAGE)));
      return leftOut(said);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "the worker that unpacks layers cannot be reached", e);
    } finally {
      input.close();
      output.close();
    }
  }

  private static void finish(ChildProcess worker, String said) {
    WaitStatus status;
    try {
      status = worker.waitFor(java.time.Duration.ofHours(1)).orElseGet(worker::killAndWait);
    } catch (RuncibleException e) {
      worker.killAndWait();
      throw e;
    }
    if (!status.isSuccess()) {
      int colon = said.indexOf(':');
      ErrorKind kind = colon > 0 ? kind(said.substring(0, colon)) : ErrorKind.INTERNAL;
      throw new RuncibleException(kind, "the worker for layers failed: " + said);
    }
  }

  private static List<LeftOut> leftOut(String said) throws IOException {
    // The JVM may have said something, too.
    Optional<String> line = said.lines().filter(one -> one.startsWith(LEFT_OUT)).findFirst();
    return line.isEmpty()
        ? List.of()
        : List.of(MAPPER.readValue(line.get().substring(LEFT_OUT.length()), LeftOut[].class));
  }

  private static ErrorKind kind(String name) {
    return Stream.of(ErrorKind.values())
        .filter(kind -> kind.name().equals(name))
        .findFirst()
        .orElse(ErrorKind.INTERNAL);
  }

  /**
   * The worker. Exits with 0, and says what cannot be made if there is any, or with 1 and the kind
   * and the message of the failure.
   */
  public static void main(String[] args) {
    ExecutorService stages = Executors.newCachedThreadPool();
    try {
      FileCalls.clearThreadUmask();
      Request request = MAPPER.readValue(System.in, Request.class);
      List<LeftOut> leftOut = unpackAll(request, stages);
      for (Merge merge : request.merges()) {
        LayerMerge.merge(
            merge.layers().stream().map(Path::of).toList(),
            Path.of(merge.target()),
            request.keepOwners());
      }
      if (!leftOut.isEmpty()) {
        say(LEFT_OUT + MAPPER.writeValueAsString(leftOut));
      }
    } catch (RuncibleException e) {
      fail(e.kind() + ": " + e.getMessage());
    } catch (IOException e) {
      fail(ErrorKind.UNAVAILABLE + ": " + e.getMessage());
    } finally {
      stages.shutdown();
    }
  }

  /** Side by side; what needs the layers below comes in the end, from the lowest up. */
  private static List<LeftOut> unpackAll(Request request, ExecutorService stages) {
    UnpackedLayer.Form form =
        new UnpackedLayer.Form(
            request.format(),
            request.keepOwners() ? Ownership.EXACT : Ownership.RECORD,
            new ArchiveBudget(request.limits()));
    Queue<Layer> waiting = new ConcurrentLinkedQueue<>(request.layers());
    Map<Layer, UnpackedLayer> unpacked = new ConcurrentHashMap<>();
    Set<String> read = ConcurrentHashMap.newKeySet();
    List<LeftOut> leftOut = new ArrayList<>();
    TaskGroup tasks = new TaskGroup(stages);
    try {
      for (int i = Math.min(AT_ONCE, waiting.size()); i > 0; i--) {
        tasks.start(() -> workThrough(waiting, tasks, form, stages, unpacked, read));
      }
      tasks.await("unpacking");
      for (int i = 0; i < request.layers().size(); i++) {
        Layer layer = request.layers().get(i);
        int number = i;
        Objects.requireNonNull(unpacked.get(layer))
            .complete(layer.lower().stream().map(Path::of).toList())
            .skipped()
            .stream()
            .limit(MAX_LEFT_OUT - leftOut.size())
            .forEach(one -> leftOut.add(new LeftOut(number, one.printableName(), one.what())));
      }
      return leftOut;
    } finally {
      unpacked.values().forEach(UnpackedLayer::close);
    }
  }

  private static void workThrough(
      Queue<Layer> waiting,
      TaskGroup tasks,
      UnpackedLayer.Form form,
      ExecutorService stages,
      Map<Layer, UnpackedLayer> unpacked,
      Set<String> read) {
    FileCalls.clearThreadUmask();
    for (Layer layer = waiting.poll();
        layer != null && !tasks.hasFailed();
        layer = waiting.poll()) {
      try (InputStream blob = Files.newInputStream(Path.of(layer.blob()))) {
        Digest diffId = Digest.parse(layer.diffId());
        Path directory = Path.of(layer.directory());
        UnpackedLayer.Form once = read.add(layer.blob()) ? form : form.again();
        unpacked.put(layer, UnpackedLayer.unpack(blob, diffId, directory, once, stages));
      } catch (IOException e) {
        throw new RuncibleException(
            ErrorKind.UNAVAILABLE, "cannot unpack '" + layer.blob() + "': " + e.getMessage(), e);
      }
    }
  }

  private static void fail(String message) {
    say(message);
    System.exit(1);
  }

  /** In UTF-8, whatever the locale. */
  private static void say(String line) {
    System.err.writeBytes((line + "\n").getBytes(StandardCharsets.UTF_8));
  }
}
