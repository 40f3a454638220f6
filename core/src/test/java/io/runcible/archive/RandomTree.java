package io.runcible.archive;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Stat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** Changes a tree at random, in every way that a layer can express. */
final class RandomTree {
  private RandomTree() {}

  static void change(Path root, Random random, int changes) throws IOException {
    try (FileDescriptor open = FileCalls.openDirectory(root)) {
      for (int i = 0; i < changes; i++) {
        change(open, root, random);
      }
    }
  }

  private static void change(FileDescriptor open, Path root, Random random) throws IOException {
    List<Path> all;
    try (Stream<Path> walk = Files.walk(root)) {
      all = new ArrayList<>(walk.sorted().toList());
    }
    List<Path> directories =
        all.stream().filter(path -> Files.isDirectory(path, NOFOLLOW_LINKS)).toList();
    Path parent = directories.get(random.nextInt(directories.size()));
    Path fresh = parent.resolve("n" + random.nextInt(6));
    Path old = all.get(random.nextInt(all.size()));
    String name = root.relativize(fresh).toString();
    String oldName = old.equals(root) ? "." : root.relativize(old).toString();
    boolean link = Files.isSymbolicLink(old);
    switch (random.nextInt(12)) {
      case 0, 1, 2 -> {
        remove(fresh);
        byte[] content = new byte[random.nextInt(3) == 0 ? 0 : random.nextInt(2000)];
        random.nextBytes(content);
        Files.write(fresh, content);
      }
      case 3 -> {
        remove(fresh);
        Files.createDirectory(fresh);
      }
      case 4 -> {
        remove(fresh);
        Files.createSymbolicLink(fresh, Path.of("../n" + random.nextInt(6)));
      }
      case 5 -> {
        if (!Files.isDirectory(old, NOFOLLOW_LINKS) && !old.equals(fresh)) {
          remove(fresh);
          if (Files.exists(old, NOFOLLOW_LINKS)) {
            String from = root.relativize(old).toString();
            FileCalls.makeLink(open, from, open, name);
          }
        }
      }
      case 6 -> {
        remove(fresh);
        int type = random.nextBoolean() ? Stat.FIFO : Stat.BLOCK_DEVICE;
        FileCalls.makeNode(open, name, type | 0600, random.nextInt(3) + 1, random.nextInt(300));
      }
      case 7, 8 -> {
        if (!old.equals(root)) {
          remove(old);
        }
      }
      case 9 -> {
        if (!link) {
          FileCalls.chmod(open, oldName, random.nextInt(010000) | 0400);
        }
      }
      case 10 -> FileCalls.chown(open, oldName, random.nextInt(3_000_000), random.nextInt(100));
      default -> {
        if (Files.isRegularFile(old, NOFOLLOW_LINKS)) {
          AttributeCalls.set(
              open, oldName, "user.a" + random.nextInt(3), new byte[random.nextInt(5)]);
        } else {
          FileCalls.setTimes(open, oldName, random.nextInt(), random.nextInt(1_000_000_000));
        }
      }
    }
  }

  private static void remove(Path path) throws IOException {
    if (!Files.exists(path, NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> walk = Files.walk(path)) {
      for (Path each : (Iterable<Path>) walk.sorted(Comparator.reverseOrder())::iterator) {
        Files.delete(each);
      }
    }
  }
}
