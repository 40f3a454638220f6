package io.runcible.engine;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.IdRange;
import io.runcible.ffi.IdMapping;
import io.runcible.state.LockFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Chooses the ids of containers whose user namespace is automatic. What a container has is in its
 * record, so it is free when the container is gone; between the choice and the record a lock of all
 * processes of the host is held. The records of other stores count, too: each store that chooses
 * has a link in a directory of the host.
 */
final class IdRanges {
  private static final Duration LIMIT = Duration.ofMinutes(1);
  private static final String USER = "containers";
  private static final String LOCK = ".lock";
  private static final int MAX_FILE = 4 << 20;

  private static final long IDS = 0xFFFFFFFFL;

  /** Runtimes take no ids above. */
  private static final long MAX_END = 1L << 31;

  /**
   * Where nobody else chooses by itself: systemd takes ids for containers up to 0x6FFFFFFF and from
   * 0x7FFE0000, and domains map users up to 2,000,200,000.
   */
  private static final Range POOL = new Range(0x77390000L, 0x7FFE0000L);

  private final Supplier<IdMapping> place;
  private final Path containers;
  private final Path etc;
  private final Path stores;

  /** Ids from one to before another. */
  record Range(long start, long end) {
    static Range of(IdRange range) {
      return new Range(range.outside(), range.outside() + range.count());
    }
  }

  /**
   * The ids for the containers of one store.
   *
   * @param place the ids that an ordinary user's containers have
   * @param stores the directory of the host for the links and the lock; made when it is needed
   */
  IdRanges(Supplier<IdMapping> place, Path containers, Path etc, Path stores) {
    this.place = place;
    this.containers = containers;
    this.etc = etc;
    this.stores = stores;
  }

  /**
   * Does something with the ids of a container that is to be made: chosen ones are taken when the
   * record of the container is there.
   */
  <T> T with(UserNamespace wanted, Function<IdMaps, T> work) {
    return switch (wanted.kind()) {
      case HOST -> work.apply(IdMaps.HOST);
      case MAPPED -> work.apply(new IdMaps(wanted.uids(), wanted.gids()));
      case KEPT -> work.apply(IdMaps.keeping(place.get(), wanted.keptUid(), wanted.keptGid()));
      case AUTO -> locked(() -> work.apply(choose(wanted.size())));
    };
  }

  private <T> T locked(Supplier<T> work) {
    makeStores();
    LockFile lock = LockFile.acquire(stores.resolve(LOCK), true, LIMIT);
    try {
      return work.get();
    } finally {
      lock.closeAndRemove();
    }
  }

  private void makeStores() {
    try {
      if (!Files.isDirectory(stores, LinkOption.NOFOLLOW_LINKS)) {
        Files.createDirectories(
            stores,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + stores + "'", e);
    }
  }

  /** The ids of all containers of this store, and of those of the others that can be read. */
  private List<IdMaps> used() {
    List<IdMaps> used = new ArrayList<>();
    EngineResources.records(containers).forEach(record -> used.add(record.ids()));
    try {
      Path own = containers.toRealPath();
      byte[] name = own.toString().getBytes(StandardCharsets.UTF_8);
      Path link = stores.resolve(Digest.sha256(name).hex());
      if (!Files.isSymbolicLink(link)) {
        Files.createSymbolicLink(link, own);
      }
      try (DirectoryStream<Path> links = Files.newDirectoryStream(stores, Files::isSymbolicLink)) {
        for (Path other : links) {
          if (!other.equals(link)) {
            addUsed(other, used);
          }
        }
      }
      return used;
    } catch (IOException | DirectoryIteratorException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot use '" + stores + "'", e);
    }
  }

  private static void addUsed(Path link, List<IdMaps> used) throws IOException {
    Path store = Files.readSymbolicLink(link);
    if (!Files.isDirectory(store)) {
      Files.delete(link); // It is gone, and its containers with it.
      return;
    }
    List<ContainerDirectory> containers;
    try {
      containers = EngineResources.directories(store);
    } catch (RuncibleException e) {
      log().warn("cannot look which ids the containers in '{}' have: {}", store, e.getMessage());
      return;
    }
    for (ContainerDirectory container : containers) {
      addUsed(container, used);
    }
  }

  private static void addUsed(ContainerDirectory container, List<IdMaps> used) {
    try {
      ContainerRecord.read(container).ifPresent(record -> used.add(record.ids()));
    } catch (RuncibleException e) {
      if (DetachedMonitor.runs(container)) {
        throw new RuncibleException(
            ErrorKind.UNAVAILABLE,
            "ids cannot be chosen: nobody can tell which ones the container '"
                + container.path()
                + "' has, which runs; choose them yourself, or end it",
            e);
      }
      log()
          .warn(
              "cannot look which ids the container '{}' has: {}", container.path(), e.getMessage());
    }
  }

  private IdMaps choose(long size) {
    List<IdMaps> used = used();
    List<Range> uids = used.stream().flatMap(one -> one.uids().stream()).map(Range::of).toList();
    List<Range> gids = used.stream().flatMap(one -> one.gids().stream()).map(Range::of).toList();
    return new IdMaps(
        List.of(new IdRange(0, choose("subuid", size, uids), size)),
        List.of(new IdRange(0, choose("subgid", size, gids), size)));
  }

  private long choose(String file, long size, List<Range> used) {
    List<Grant> grants = read(etc.resolve(file));
    List<Range> own =
        grants.stream().filter(grant -> grant.user().equals(USER)).map(Grant::range).toList();
    List<Range> taken = new ArrayList<>(used);
    if (own.isEmpty()) {
      grants.forEach(grant -> taken.add(grant.range()));
    }
    for (Range pool : own.isEmpty() ? List.of(POOL) : own) {
      long start = highest(pool, size, taken);
      if (start >= 0) {
        return start;
      }
    }
    throw new RuncibleException(
        ErrorKind.UNAVAILABLE,
        "no range of "
            + size
            + " ids is free for a container: "
            + used.size()
            + " are in use"
            + (own.isEmpty()
                ? ""
                : ", and " + etc.resolve(file) + " grants " + USER + " no more; add a range"));
  }

  /** The first id of the highest free range; negative if there is none. */
  static long highest(Range pool, long size, List<Range> taken) {
    long start = Math.min(pool.end(), MAX_END) - size;
    List<Range> downwards =
        taken.stream().sorted(Comparator.comparingLong(Range::end).reversed()).toList();
    for (Range other : downwards) {
      if (start < other.end() && other.start() < start + size) {
        start = other.start() - size;
      }
    }
    return start >= pool.start() ? start : -1;
  }

  private record Grant(String user, Range range) {}

  private static List<Grant> read(Path file) {
    try (InputStream stream = Files.newInputStream(file)) {
      String text = new String(stream.readNBytes(MAX_FILE), StandardCharsets.UTF_8);
      return text.lines().flatMap(IdRanges::parse).toList();
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot read '" + file + "'", e);
    }
  }

  private static Stream<Grant> parse(String line) {
    String[] fields = line.strip().split(":", -1);
    if (fields.length != 3) {
      return Stream.of();
    }
    try {
      long start = Long.parseLong(fields[1]);
      long count = Long.parseLong(fields[2]);
      return start > 0 && count > 0 && start <= IDS && count <= IDS
          ? Stream.of(new Grant(fields[0], new Range(start, start + count)))
          : Stream.of();
    } catch (NumberFormatException e) {
      return Stream.of();
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(IdRanges.class);
  }
}
