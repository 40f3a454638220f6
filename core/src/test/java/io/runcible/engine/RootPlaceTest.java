package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is removed from a directory in which everybody may make names. */
class RootPlaceTest {
  @TempDir Path parent;

  private Path place(String name) throws IOException {
    Path mount = Files.createDirectories(parent.resolve(name).resolve("fs"));
    Files.createFile(mount.resolve(RootPlace.STICKY));
    return parent.resolve(name);
  }

  @Test
  void ownPlaceGoesWholeOrHalfMade() throws IOException {
    Path whole = place("whole");
    Path empty = Files.createDirectory(parent.resolve("empty"));

    RootPlace.remove(true, parent, "whole");
    RootPlace.remove(true, parent, "empty");
    RootPlace.remove(true, parent, "missing");
    RootPlace.remove(true, parent.resolve("missing"), "missing");

    assertThat(whole).doesNotExist();
    assertThat(empty).doesNotExist();
  }

  @Test
  void whatSomebodyPutThereIsLeft() throws IOException {
    Path file = Files.createFile(parent.resolve("file"));
    Path victim = place("victim");
    Path link = Files.createSymbolicLink(parent.resolve("link"), victim);
    Path full = place("full");
    Files.createFile(full.resolve("fs").resolve("other"));

    RootPlace.remove(true, parent, "file");
    RootPlace.remove(true, parent, "link");
    RootPlace.remove(true, parent, "full");

    assertThat(file).exists();
    assertThat(link).isSymbolicLink();
    assertThat(victim.resolve("fs").resolve(RootPlace.STICKY)).exists();
    assertThat(full.resolve("fs").resolve("other")).exists();
  }

  @Test
  void placeOfAnotherUserIsLeft() throws IOException {
    HostTools.requireRoot();
    Path place = place("foreign");
    Files.setAttribute(place, "unix:uid", 12345);

    RootPlace.remove(true, parent, "foreign");

    assertThat(place.resolve("fs").resolve(RootPlace.STICKY)).exists();
  }
}
