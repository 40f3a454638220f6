package io.runcible.snapshot;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveBudget;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.LayerFormat;
import io.runcible.archive.Ownership;
import io.runcible.archive.SkippedEntry;
import io.runcible.archive.VerifiedInputStream;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.JavaCommand;
import io.runcible.ffi.Lifeline;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Spawn;
import io.runcible.ffi.WaitStatus;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Unpacks the layers of an image in the namespaces of a rootless holder: a JVM has too many threads
 * to enter a user namespace, so this class is also the main class of a second, short-lived JVM that
 * is started inside, where it may give files to the ids that the user was granted. It reads the
 * blobs, which were verified before, from the store.
 */
final class RootlessUnpack {
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final int MAX_MESSAGE = 16 << 10;

  /** What the worker tells on success stands in one line each, after these. */
  private static final String LEFT_OUT = "left out: ";

  private static final String DIFFERENCES = "differences: ";

  /** The number of the layer that failed comes after this, in the line after the failure. */
  private static final String OF_LAYER = "of layer: ";

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
   * A layer to unpack anew and to compare with what there is.
   *
   * @param layer its directory is there and empty, and so it is afterwards
   * @param digest of the blob
   * @param size of the blob
   * @param actual the directory of the layer that there is
   */
  record Comparison(Layer layer, String digest, long size, String actual) {}

  /**
   * How a layer differs from its blob.
   *
   * @param layer the number of the comparison in the request
   * @param how for a person to read
   */
  record Difference(int layer, String how) {}

  /**
   * What the worker reads from its input.
   *
   * @param keepOwners whether there are ids to give files to
   * @param format how whiteouts are marked
   * @param limits what the layers may amount to
   * @param layers the layers to unpack, the lowest first
   * @param merges what to copy then
   * @param comparisons what to compare then, one after the other
   */
  record Request(
      boolean keepOwners,
      LayerFormat format,
      ArchiveLimits limits,
      List<Layer> layers,
      List<Merge> merges,
      List<Comparison> comparisons) {

    /** Where it writes, and whose parent is removed as a whole. */
    private List<Path> targets() {
      return Stream.of(
              layers.stream().map(Layer::directory),
              merges.stream().map(Merge::target),
              comparisons.stream().map(comparison -> comparison.layer().directory()))
          .flatMap(directories -> directories)
          .map(Path::of)
          .flatMap(target -> Stream.of(Objects.requireNonNull(target.getParent()), target))
          .toList();
    }

    UnpackedLayer.Form form() {
      Ownership ownership = keepOwners ? Ownership.EXACT : Ownership.RECORD;
      return new UnpackedLayer.Form(format, ownership, new ArchiveBudget(limits));
    }
  }

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
   * @param failed is told the number of the layer that cannot be unpacked
   * @return what cannot be made there, the first thousand in all
   */
  static List<LeftOut> run(
      PrivilegedHost host, UnpackedLayer.Form form, List<Layer> layers, IntConsumer failed) {
    if (layers.isEmpty()) {
      return List.of();
    }
    String said =
        run(
            host,
            new Request(
                host.hasIdRange(),
                form.format(),
                form.budget().limits(),
                layers,
                List.of(),
                List.of()),
            failed);
    return told(said, LEFT_OUT, LeftOut[].class);
  }

  /**
   * Unpacks layers anew, each where it is said, and compares.
   *
   * @return how they differ, the first difference of each
   */
  static List<Difference> compare(
      PrivilegedHost host, LayerFormat format, ArchiveLimits limits, List<Comparison> comparisons) {
    if (comparisons.isEmpty()) {
      return List.of();
    }
    String said =
        run(
            host,
            new Request(host.hasIdRange(), format, limits, List.of(), List.of(), comparisons),
            unused -> {});
    return told(said, DIFFERENCES, Difference[].class);
  }

  /** Copies layers together, as {@link LayerMerge} does. */
  static void merge(PrivilegedHost host, List<Path> layers, Path target) {
    Merge merge = new Merge(layers.stream().map(Path::toString).toList(), target.toString());
    ArchiveLimits unused = ArchiveLimits.DEFAULT;
    run(
        host,
        new Request(
            host.hasIdRange(), LayerFormat.COPY, unused, List.of(), List.of(merge), List.of()),
        none -> {});
  }

  /** Returns what it says. */
  private static String run(PrivilegedHost host, Request work, IntConsumer failed) {
    List<String> command = new ArrayList<>(JavaCommand.of(RootlessUnpack.class));
    // Whoever removes a container that a dead engine was making ends what says so of itself.
    work.merges().forEach(merge -> command.addAll(List.of("--log", merge.target())));
    Spawn spawn = host.spawn(command, JavaCommand.environment());
    try (Pipe input = Pipe.open();
        Pipe output = Pipe.open();
        Lifeline lifeline = Lifeline.open();
        ChildProcess worker =
            lifeline.start(spawn.descriptor(0, input.reader()).descriptor(2, output.writer()));
        InputStream errors = output.inputStream()) {
      input.reader().close();
      output.writer().close();
      try {
        return exchange(worker, input, errors, work, failed);
      } catch (IOException | RuntimeException e) {
        worker.killAndWait();
        throw e;
      }
    } catch (InterruptedIOException e) {
      throw new RuncibleException(
          ErrorKind.CANCELLED, "interrupted while waiting for the worker for layers", e);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE,
          "the worker that unpacks layers cannot be reached: " + e.getMessage(),
          e);
    }
  }

  private static String exchange(
      ChildProcess worker, Pipe input, InputStream errors, Request work, IntConsumer failed)
      throws IOException {
    try (OutputStream request = input.outputStream()) {
      request.write(MAPPER.writeValueAsBytes(work));
    }
    String said = new String(errors.readNBytes(MAX_SAID), StandardCharsets.UTF_8).strip();
    WaitStatus status = worker.waitFor(Duration.ofHours(1)).orElseGet(worker::killAndWait);
    if (!status.isSuccess()) {
      throw said.isEmpty()
          ? new RuncibleException(
              ErrorKind.UNAVAILABLE, "the worker for layers ended with " + status)
          : failure(said, failed);
    }
    return said;
  }

  /**
   * The failure that a worker has told.
   *
   * @param failed is told the number of a layer, which the worker may have made up
   */
  static RuncibleException failure(String said, IntConsumer failed) {
    int layer = said.lastIndexOf("\n" + OF_LAYER);
    if (layer >= 0) {
      // The JVM may have said something afterwards.
      said.substring(layer + 1 + OF_LAYER.length())
          .lines()
          .findFirst()
          .filter(number -> number.matches("[0-9]{1,6}"))
          .ifPresent(number -> failed.accept(Integer.parseInt(number)));
    }
    String message = layer < 0 ? said : said.substring(0, layer);
    int colon = message.indexOf(':');
    return new RuncibleException(
        colon > 0 ? kind(message.substring(0, colon)) : ErrorKind.INTERNAL,
        "the worker for layers failed: "
            + message.substring(0, Math.min(message.length(), MAX_MESSAGE)));
  }

  private static <T> List<T> told(String said, String what, Class<T[]> type) {
    // The JVM may have said something, too.
    Optional<String> line = said.lines().filter(one -> one.startsWith(what)).findFirst();
    try {
      return line.isEmpty()
          ? List.of()
          : List.of(MAPPER.readValue(line.get().substring(what.length()), type));
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.INTERNAL, "the worker for layers said nonsense", e);
    }
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
      Lifeline.hold(request.targets());
      List<LeftOut> leftOut = unpackAll(request, stages);
      for (Merge merge : request.merges()) {
        LayerMerge.merge(
            merge.layers().stream().map(Path::of).toList(),
            Path.of(merge.target()),
            request.keepOwners());
      }
      List<Difference> differences = compareAll(request, stages);
      if (!leftOut.isEmpty()) {
        say(LEFT_OUT + MAPPER.writeValueAsString(leftOut));
      }
      if (!differences.isEmpty()) {
        say(DIFFERENCES + MAPPER.writeValueAsString(differences));
      }
    } catch (LayerFailure e) {
      fail(e.kind() + ": " + e.getMessage() + "\n" + OF_LAYER + e.layer);
    } catch (RuncibleException e) {
      fail(e.kind() + ": " + e.getMessage());
    } catch (IOException e) {
      fail(ErrorKind.UNAVAILABLE + ": " + e.getMessage());
    } finally {
      stages.shutdown();
    }
  }

  /** Side by side; what needs the layers below comes in the end, from the lowest up. */
  static List<LeftOut> unpackAll(Request request, ExecutorService stages) {
    UnpackedLayer.Form form = request.form();
    Queue<Layer> waiting = new ConcurrentLinkedQueue<>(request.layers());
    List<Layer> all = request.layers();
    Map<Layer, UnpackedLayer> unpacked = new ConcurrentHashMap<>();
    Set<String> read = ConcurrentHashMap.newKeySet();
    List<LeftOut> leftOut = new ArrayList<>();
    TaskGroup tasks = new TaskGroup(stages);
    try {
      for (int i = Math.min(AT_ONCE, waiting.size()); i > 0; i--) {
        tasks.start(() -> workThrough(waiting, all, tasks, form, stages, unpacked, read));
      }
      tasks.await("unpacking");
      for (int i = 0; i < all.size(); i++) {
        int number = i;
        complete(Objects.requireNonNull(unpacked.get(all.get(i))), all.get(i), i).stream()
            .limit(MAX_LEFT_OUT - leftOut.size())
            .forEach(one -> leftOut.add(new LeftOut(number, one.printableName(), one.what())));
      }
      return leftOut;
    } finally {
      unpacked.values().forEach(UnpackedLayer::close);
    }
  }

  private static List<SkippedEntry> complete(UnpackedLayer unpacked, Layer layer, int number) {
    try {
      return unpacked.complete(layer.lower().stream().map(Path::of).toList()).skipped();
    } catch (RuncibleException e) {
      throw new LayerFailure(e.kind(), e.getMessage(), number, e);
    }
  }

  private static void workThrough(
      Queue<Layer> waiting,
      List<Layer> all,
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
        throw new LayerFailure(
            ErrorKind.UNAVAILABLE,
            "cannot unpack '" + layer.blob() + "': " + e.getMessage(),
            all.indexOf(layer),
            e);
      } catch (RuncibleException e) {
        throw new LayerFailure(e.kind(), e.getMessage(), all.indexOf(layer), e);
      }
    }
  }

  /** That of one layer. */
  static final class LayerFailure extends RuncibleException {
    private static final long serialVersionUID = 1;

    final int layer;

    LayerFailure(ErrorKind kind, @Nullable String message, int layer, Exception cause) {
      super(kind, String.valueOf(message), cause);
      this.layer = layer;
    }
  }

  private static List<Difference> compareAll(Request request, ExecutorService stages)
      throws IOException {
    List<Difference> differences = new ArrayList<>();
    for (int i = 0; i < request.comparisons().size(); i++) {
      Comparison one = request.comparisons().get(i);
      UnpackedLayer.Form form = request.form();
      int number = i;
      try (InputStream blob =
          new VerifiedInputStream(
              Files.newInputStream(Path.of(one.layer().blob())),
              Digest.parse(one.digest()),
              one.size())) {
        LayerComparison.difference(
                blob,
                Digest.parse(one.layer().diffId()),
                Path.of(one.layer().directory()),
                one.layer().lower().stream().map(Path::of).toList(),
                Path.of(one.actual()),
                form,
                stages)
            .ifPresent(how -> differences.add(new Difference(number, how)));
      }
      // The next one needs the room.
      UnpackedLayer.discard(Path.of(one.layer().directory()), form);
    }
    return differences;
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
