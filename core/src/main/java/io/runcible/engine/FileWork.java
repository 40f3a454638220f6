package io.runcible.engine;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.FileChange;
import io.runcible.archive.LayerDiff;
import io.runcible.archive.LayerFormat;
import io.runcible.archive.Ownership;
import io.runcible.archive.TreeArchive;
import io.runcible.archive.TreeExtraction;
import io.runcible.archive.WrittenLayer;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.JavaCommand;
import io.runcible.ffi.Lifeline;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Spawn;
import io.runcible.ffi.WaitStatus;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Work on the files of a container, which may belong to any of its ids. For root it is done in this
 * process. For an ordinary user this class is also the main class of a second JVM, in the holder's
 * namespaces, where those ids are.
 */
final class FileWork {
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final int MAX_MESSAGE = 16 << 10;
  private static final Duration END_LIMIT = Duration.ofMinutes(1);

  /** The descriptor of the tree in the worker. */
  private static final int TREE = 3;

  /** What to do. */
  enum Task {
    /** Writes a part of the tree as a tar. */
    ARCHIVE,
    /** Unpacks a tar into a directory of the tree. */
    UNPACK,
    /** Copies what a tar has to a path of the tree. */
    COPY,
    /** Tells what was changed through an overlay, as a JSON array. */
    CHANGES,
    /** Writes a layer of that to a file, and tells its digests. */
    LAYER,
    /** The same of a whole tree, which takes the place of a path. */
    TREE_LAYER,
    /** Gives the files of the tree to the ids that those of its image are. */
    OWN;

    /** Whether it has a tar to read. */
    boolean reads() {
      return this == UNPACK || this == COPY;
    }
  }

  /**
   * What a worker is told.
   *
   * @param tree a directory
   * @param path in the tree; for a layer of a whole tree, where that puts it
   * @param recordedOwners whether there is one id alone, and owners are written down
   * @param userAttributes whether the overlay was mounted by an ordinary user
   * @param harmless whether what is dangerous on a host is left out
   * @param excluded what is left out of changes and layers
   * @param lower the layers below, the topmost first
   * @param original the tree that this one is a copy of, instead of layers; empty for none
   * @param file of a layer
   * @param latestSeconds for a layer
   * @param owners the ids of the tree; none for those of this process
   */
  record Request(
      Task task,
      String tree,
      String path,
      boolean recordedOwners,
      boolean userAttributes,
      boolean harmless,
      List<String> excluded,
      List<String> lower,
      String original,
      String file,
      long latestSeconds,
      IdMaps owners) {
    Request withTree(String other) {
      return new Request(
          task,
          other,
          path,
          recordedOwners,
          userAttributes,
          harmless,
          excluded,
          lower,
          original,
          file,
          latestSeconds,
          owners);
    }
  }

  /** What is told of a layer. */
  record Layer(String digest, long size, String diffId) {}

  private FileWork() {}

  /** Does it for a tree that is open, with a tar to read or a place to write one to. */
  static void run(
      PrivilegedHost host,
      Request request,
      @Nullable FileDescriptor tree,
      InputStream in,
      OutputStream out) {
    try {
      if (host.rootless()) {
        runWorker(host, request, tree, in, out);
      } else {
        work(tree == null ? request : request.withTree(tree.procPath()), in, out);
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "the files could not be copied: " + e.getMessage(), e);
    }
  }

  /** Gives the files of a tree to the ids that those of its image are. */
  static void own(PrivilegedHost host, Path tree, IdMaps owners) {
    Request request =
        new Request(
            Task.OWN,
            tree.toString(),
            "/",
            false,
            true,
            false,
            List.of(),
            List.of(),
            "",
            "",
            0,
            owners);
    run(host, request, null, InputStream.nullInputStream(), OutputStream.nullOutputStream());
  }

  /** The answer as a JSON document. */
  static <T> T ask(PrivilegedHost host, Request request, Class<T> type) {
    ByteArrayOutputStream answer = new ByteArrayOutputStream();
    run(host, request, null, InputStream.nullInputStream(), answer);
    try {
      return MAPPER.readValue(answer.toByteArray(), type);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.INTERNAL, "the worker for files said nonsense", e);
    }
  }

  private static void work(Request request, InputStream in, OutputStream out) throws IOException {
    Path tree = Path.of(request.tree());
    Ownership ownership =
        request.recordedOwners() ? Ownership.RECORD : request.owners().ownership();
    switch (request.task()) {
      case ARCHIVE -> {
        TreeArchive archive = TreeArchive.of(tree, request.path());
        if (request.harmless()) {
          archive.harmless();
        }
        archive.ownership(ownership).writeTo(out);
      }
      case UNPACK -> TreeExtraction.into(tree, request.path()).ownership(ownership).unpack(in);
      case COPY -> TreeExtraction.into(tree, request.path()).ownership(ownership).copy(in);
      case CHANGES -> {
        List<Path> lower = request.lower().stream().map(Path::of).toList();
        LayerDiff diff = diff(request, ownership);
        List<FileChange> changes =
            request.original().isEmpty() ? diff.changes(lower) : diff.changes();
        out.write(MAPPER.writeValueAsBytes(changes));
      }
      case LAYER -> out.write(layer(diff(request, ownership), request));
      case TREE_LAYER ->
          out.write(layer(LayerDiff.ofTree(tree).at(request.path()).ownership(ownership), request));
      case OWN -> OwnerShift.run(tree, request.owners());
    }
  }

  private static byte[] layer(LayerDiff diff, Request request) throws IOException {
    WrittenLayer layer =
        diff.clamp(Instant.ofEpochSecond(request.latestSeconds())).writeTo(Path.of(request.file()));
    return MAPPER.writeValueAsBytes(
        new Layer(layer.digest().toString(), layer.size(), layer.diffId().toString()));
  }

  private static LayerDiff diff(Request request, Ownership ownership) {
    Path tree = Path.of(request.tree());
    LayerFormat format =
        request.userAttributes() ? LayerFormat.OVERLAY_USERXATTR : LayerFormat.OVERLAY;
    LayerDiff diff =
        request.original().isEmpty()
            ? LayerDiff.ofOverlay(tree, format)
            : LayerDiff.ofCopy(Path.of(request.original()), tree);
    return diff.ownership(ownership).exclude(new HashSet<>(request.excluded()));
  }

  private static void runWorker(
      PrivilegedHost host,
      Request request,
      @Nullable FileDescriptor tree,
      InputStream in,
      OutputStream out)
      throws IOException {
    try (Pipe input = Pipe.open();
        Pipe output = Pipe.open();
        Pipe errors = Pipe.open()) {
      List<String> command = new ArrayList<>(JavaCommand.of(FileWork.class));
      command.add(
          MAPPER.writeValueAsString(
              tree == null ? request : request.withTree("/proc/self/fd/" + TREE)));
      // Whoever removes the container ends what says so of itself: it must change nothing then.
      command.addAll(List.of("--log", request.tree()));
      Spawn spawn =
          host.spawn(command, JavaCommand.environment())
              .descriptor(0, input.reader())
              .descriptor(1, output.writer())
              .descriptor(2, errors.writer());
      if (tree != null) {
        spawn.descriptor(TREE, tree);
      }
      try (Lifeline lifeline = Lifeline.open();
          ChildProcess worker = lifeline.start(spawn)) {
        List.of(input.reader(), output.writer(), errors.writer()).forEach(FileDescriptor::close);
        try {
          @Nullable IOException unread = request.task().reads() ? write(in, input) : null;
          exchange(worker, output, errors, out, unread);
        } catch (IOException | RuntimeException e) {
          worker.killAndWait();
          throw e;
        }
      }
    }
  }

  /** A task reads or writes, never both, so this needs no further thread. */
  private static @Nullable IOException write(InputStream in, Pipe input) throws IOException {
    try (OutputStream stdin = input.outputStream()) {
      byte[] buffer = new byte[64 << 10];
      for (int count = in.read(buffer); count > 0; count = in.read(buffer)) {
        try {
          stdin.write(buffer, 0, count);
        } catch (IOException e) {
          return e; // It has ended, and says why.
        }
      }
    }
    return null;
  }

  private static void exchange(
      ChildProcess worker, Pipe output, Pipe errors, OutputStream out, @Nullable IOException unread)
      throws IOException {
    try (InputStream stdout = output.inputStream();
        InputStream stderr = errors.inputStream()) {
      stdout.transferTo(out);
      String said = new String(stderr.readNBytes(MAX_MESSAGE), StandardCharsets.UTF_8).strip();
      WaitStatus status = worker.waitFor(END_LIMIT).orElseGet(worker::killAndWait);
      if (!status.isSuccess()) {
        throw said.isEmpty()
            ? new RuncibleException(
                ErrorKind.UNAVAILABLE, "the worker for files ended with " + status)
            : failure(said);
      }
      if (unread != null) {
        throw unread;
      }
    }
  }

  private static RuncibleException failure(String said) {
    int colon = said.indexOf(':');
    ErrorKind kind =
        Stream.of(ErrorKind.values())
            .filter(one -> colon > 0 && one.name().equals(said.substring(0, colon)))
            .findFirst()
            .orElse(ErrorKind.INTERNAL);
    return new RuncibleException(
        kind, kind == ErrorKind.INTERNAL ? said : said.substring(colon + 1).strip());
  }

  /** The worker. Exits with 0, or with 1 and the kind and the message of the failure. */
  public static void main(String[] args) {
    try {
      // Not System.out, which swallows failures.
      try (OutputStream out = new java.io.FileOutputStream(java.io.FileDescriptor.out)) {
        Request request = MAPPER.readValue(args[0], Request.class);
        Lifeline.hold(List.of());
        work(request, System.in, out);
      }
    } catch (RuncibleException e) {
      System.err.println(e.kind() + ": " + e.getMessage());
      System.exit(1);
    } catch (IOException e) {
      System.err.println(ErrorKind.UNAVAILABLE + ": " + e.getMessage());
      System.exit(1);
    }
  }
}
