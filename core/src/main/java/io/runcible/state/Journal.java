package io.runcible.state;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ProcessName;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one living owner has made and must undo: each thing is written down before it is made and
 * struck out after it is undone. When the owner dies, its lock falls free, and {@link #sweep} of
 * any later process undoes what is left, latest first.
 *
 * <p>Entries are written to the page cache and not synced: a power cut takes processes, mounts and
 * namespaces with it, and what it leaves on disk is found by its place, as what no journal {@link
 * #facts} names.
 */
public final class Journal implements AutoCloseable {
  private static final String LOCK = "lock";

  /** So many, that their names are in the order of their numbers. */
  private static final int DIGITS = 12;

  private static final int BLOCK = 4096;
  private static final Duration LAST_CHILD_LIMIT = Duration.ofSeconds(5);

  private final Path directory;
  private final LockFile lock;
  private final AtomicLong sequence = new AtomicLong();

  private Journal(Path directory, LockFile lock) {
    this.directory = directory;
    this.lock = lock;
  }

  /**
   * Begins the journal of an owner.
   *
   * @param root the directory of all journals
   * @param owner a name that nobody else uses, fit for a file name
   */
  public static Journal begin(Path root, String owner) {
    Path directory = root.resolve(owner);
    Path file = directory.resolve(LOCK);
    while (true) {
      try {
        Files.createDirectories(root);
        makeDirectory(directory);
        Optional<LockFile> lock = LockFile.tryAcquire(file, true);
        if (lock.isPresent()) {
          sign(file);
          return new Journal(directory, lock.get());
        }
        if (!text(file).isEmpty()) {
          throw new RuncibleException(
              ErrorKind.ALREADY_EXISTS, "journal owner '" + owner + "' is alive");
        }
        // A sweep has it, for as long as it takes to remove it.
        Thread.onSpinWait();
      } catch (IOException e) {
        throw new RuncibleException(
            ErrorKind.UNAVAILABLE, "cannot make the journal '" + directory + "'", e);
      } catch (RuncibleException e) {
        // A sweep took the directory for a dead owner's before the lock was there: once more.
        if (e.kind() != ErrorKind.NOT_FOUND) {
          throw e;
        }
      }
    }
  }

  /** One that is there may be gone at any moment, or be no directory: its lock will show. */
  private static void makeDirectory(Path directory) throws IOException {
    try {
      Files.createDirectory(directory);
    } catch (FileAlreadyExistsException e) {
      log().debug("'{}' is there", directory, e);
    }
  }

  /** Without its owner's name, as on a full disk, nobody waits for a child of a dead owner. */
  private static void sign(Path lock) {
    try {
      Files.writeString(lock, ProcessName.own());
    } catch (IOException e) {
      log().debug("'{}' does not name its owner", lock, e);
    }
  }

  /**
   * Writes down what is about to be made.
   *
   * @param kind what {@link #sweep} looks the undoing up by
   * @param facts what the undoing needs to know
   */
  public Entry record(String kind, Map<String, String> facts) {
    String number = Long.toString(sequence.incrementAndGet());
    Path file =
        directory.resolve("0".repeat(Math.max(0, DIGITS - number.length())) + number + ".json");
    JsonRecord.write(file, new Note(kind, facts), false);
    return new Entry(file);
  }

  /** The owner's name. */
  public String owner() {
    return directory.getFileName().toString();
  }

  /** Ends the journal. Entries that were not struck out stay for the next sweep. */
  @Override
  public void close() {
    removeIfEmpty(directory, lock);
  }

  private static void removeIfEmpty(Path directory, LockFile lock) {
    try (lock) {
      if (notes(directory).isEmpty()) {
        for (Path unfinished : list(directory, JsonRecord.UNFINISHED)) {
          Files.deleteIfExists(unfinished);
        }
        lock.closeAndRemove();
        Files.deleteIfExists(directory);
      }
    } catch (DirectoryNotEmptyException e) {
      // A sweep came for it before it was gone, and removes it.
      log().debug("'{}' is being swept", directory, e);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot remove the journal '" + directory + "'", e);
    }
  }

  /**
   * Undoes what dead owners left. An entry whose undoing fails, or whose kind is unknown here,
   * stays for a later sweep and is logged. One whose text a power cut took is struck out.
   *
   * @param root the directory of all journals
   * @param undo what to do for each kind; must succeed for a thing that is not there
   */
  public static void sweep(Path root, Map<String, Consumer<Map<String, String>>> undo) {
    for (Path directory : list(root, "*")) {
      if (!Files.isDirectory(directory)) {
        continue;
      }
      try {
        Optional<LockFile> dead = lockOfDead(directory.resolve(LOCK));
        if (dead.isPresent()) {
          sweep(directory, dead.get(), undo);
        }
      } catch (RuncibleException e) {
        // NOT_FOUND: another process swept the same journal.
        if (e.kind() != ErrorKind.NOT_FOUND) {
          log().warn("cannot sweep the journal '{}'; a later start tries again", directory, e);
        }
      }
    }
  }

  private static void sweep(
      Path directory, LockFile lock, Map<String, Consumer<Map<String, String>>> undo) {
    try (lock) {
      undoAll(directory, undo);
      removeIfEmpty(directory, lock);
    }
  }

  /**
   * A child that the owner was about to start when it was killed has all its files until it is
   * another program.
   */
  private static Optional<LockFile> lockOfDead(Path file) {
    Optional<LockFile> lock = LockFile.tryAcquire(file, true);
    return lock.isEmpty() && ProcessName.isGone(text(file))
        ? Optional.of(LockFile.acquire(file, true, LAST_CHILD_LIMIT))
        : lock;
  }

  private static String text(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }

  /**
   * What the journals say now about things of one kind, whoever owns them. An entry that is damaged
   * says nothing.
   *
   * @param root the directory of all journals
   */
  public static List<Map<String, String>> facts(Path root, String kind) {
    List<Map<String, String>> found = new ArrayList<>();
    for (Path directory : list(root, "*")) {
      for (Path file : notes(directory)) {
        readable(file)
            .filter(note -> note.kind().equals(kind))
            .ifPresent(n -> found.add(n.facts()));
      }
    }
    return found;
  }

  private static Optional<Note> readable(Path file) {
    try {
      return JsonRecord.read(file, Note.class);
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.CORRUPT_DATA) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static void undoAll(Path directory, Map<String, Consumer<Map<String, String>>> undo) {
    List<Path> latestFirst = new ArrayList<>(notes(directory));
    latestFirst.sort(Comparator.reverseOrder());
    for (Path file : latestFirst) {
      try {
        if (!isBlank(file)) {
          JsonRecord.read(file, Note.class).ifPresent(note -> undoOne(note, undo));
        }
        Files.deleteIfExists(file);
      } catch (IOException | RuntimeException e) {
        log().warn("cannot undo the journal entry '{}'; a later start tries again", file, e);
      }
    }
  }

  /** After a power cut a file can have its name, and even its size, but not what was written. */
  private static boolean isBlank(Path file) throws IOException {
    try (InputStream stream = Files.newInputStream(file)) {
      byte[] start = stream.readNBytes(BLOCK);
      return IntStream.range(0, start.length).allMatch(i -> start[i] == 0);
    } catch (NoSuchFileException e) {
      return true;
    }
  }

  private static void undoOne(Note note, Map<String, Consumer<Map<String, String>>> undo) {
    Consumer<Map<String, String>> action = undo.get(note.kind());
    if (action == null) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED, "this release does not know how to undo a '" + note.kind() + "'");
    }
    action.accept(note.facts());
  }

  private static List<Path> notes(Path directory) {
    return list(directory, "[0-9]*.json");
  }

  private static List<Path> list(Path directory, String glob) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, glob)) {
      for (Path entry : entries) {
        found.add(entry);
      }
      return found;
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot list '" + directory + "'", e);
    }
  }

  private record Note(String kind, Map<String, String> facts) {
    Note {
      Objects.requireNonNull(kind);
      Objects.requireNonNull(facts);
    }
  }

  /** One thing that has to be undone. */
  public static final class Entry {
    private final Path file;

    private Entry(Path file) {
      this.file = file;
    }

    /** Strikes it out: it is undone, or somebody else answers for it now. Idempotent. */
    public void done() {
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        throw new RuncibleException(
            ErrorKind.UNAVAILABLE, "cannot strike out the journal entry '" + file + "'", e);
      }
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(Journal.class);
  }
}
