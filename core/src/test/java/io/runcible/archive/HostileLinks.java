package io.runcible.archive;

import static io.runcible.archive.HostileLayers.lower;

import io.runcible.ErrorKind;
import io.runcible.archive.HostileLayers.Case;
import java.util.ArrayList;
import java.util.List;

/** Layers with hard links to what other layers have, and with symbolic links on the way. */
final class HostileLinks {
  /** A directory that lies beside the root of each layer, with a file {@code canary}. */
  private final String outside;

  private final List<Case> cases = new ArrayList<>();

  private HostileLinks(String outside) {
    this.outside = outside;
  }

  static List<Case> all(String outside) {
    HostileLinks table = new HostileLinks(outside);
    table.crossLayerLinks();
    table.linksWithin();
    table.linksToWhatGoes();
    table.linksThatFail();
    table.overLowerLinks();
    table.circles();
    return table.cases;
  }

  private static TarBytes tar() {
    return new TarBytes();
  }

  private void makes(String name, TarBytes layer, String... lines) {
    on(name, tar(), layer, lines);
  }

  private void on(String name, TarBytes lower, TarBytes layer, String... lines) {
    cases.add(new Case(name, lower.bytes(), layer.bytes(), null, "", List.of(lines), null));
  }

  private void failsOn(String name, TarBytes lower, TarBytes layer, ErrorKind kind, String reason) {
    cases.add(new Case(name, lower.bytes(), layer.bytes(), kind, reason, null, null));
  }

  private void crossLayerLinks() {
    on(
        "hard link to a lower file",
        lower(),
        tar().hardLink("h", "d/x"),
        "d d",
        "f d/x=lower x (2)",
        "f d/y=lower y",
        "f f=lower",
        "f h=lower x (2)");
    on(
        "hard link to a lower symbolic link",
        lower().symlink("l", "d"),
        tar().hardLink("h", "l"),
        "d d",
        "f d/x=lower x",
        "f d/y=lower y",
        "f f=lower",
        "l h->d (2)",
        "l l->d (2)");
    on(
        "hard link to a lower file, then a file over it",
        lower(),
        tar().hardLink("h", "f").file("h", "new"),
        "d d",
        "f d/x=lower x",
        "f d/y=lower y",
        "f f=lower",
        "f h=new");
    on(
        "file, then a hard link to a lower file over it",
        lower(),
        tar().file("h", "new").hardLink("h", "f"),
        "d d",
        "f d/x=lower x",
        "f d/y=lower y",
        "f f=lower (2)",
        "f h=lower (2)");
    on(
        "two hard links to a lower file",
        tar().file("f", "x"),
        tar().hardLink("g", "f").hardLink("h", "f"),
        "f f=x (3)",
        "f g=x (3)",
        "f h=x (3)");
    on(
        "whiteout of the name of a hard link",
        tar().file("f", "x").file("g", "old"),
        tar().hardLink("g", "f").file(".wh.g", ""),
        "f f=x (2)",
        "f g=x (2)");
    failsOn(
        "hard link to a lower directory",
        lower(),
        tar().hardLink("h", "d"),
        ErrorKind.INVALID_INPUT,
        "directory");
    failsOn(
        "hard link to a deleted lower file",
        lower(),
        tar().file("d/.wh.x", "").hardLink("h", "d/x"),
        ErrorKind.CORRUPT_DATA,
        "hard link");
    failsOn(
        "hard link through a lower symbolic link to the outside",
        tar().pax("linkpath", outside).symlink("s", "x"),
        tar().hardLink("h", "s/canary"),
        ErrorKind.CORRUPT_DATA,
        "hard link");
  }

  /** What lies below a symbolic link of the same layer lies where that leads to. */
  private void linksWithin() {
    on(
        "whiteout through a symbolic link of the layer",
        lower(),
        tar().symlink("s", "d").file("s/.wh.x", ""),
        "d d",
        "f d/y=lower y",
        "f f=lower",
        "l s->d");
    on(
        "opaque mark through a symbolic link of the layer",
        lower(),
        tar().symlink("s", "/d").file("s/.wh..wh..opq", "").file("s/n", "new"),
        "d d",
        "f d/n=new",
        "f f=lower",
        "l s->/d");
    on(
        "hard link through a symbolic link of the layer",
        lower(),
        tar().symlink("s", "d").hardLink("s/h", "s/x"),
        "d d",
        "f d/h=lower x (2)",
        "f d/x=lower x (2)",
        "f d/y=lower y",
        "f f=lower",
        "l s->d");
    failsOn(
        "hard link to what a file of the layer hides",
        lower(),
        tar().file("d", "new").hardLink("h", "d/x"),
        ErrorKind.CORRUPT_DATA,
        "hard link");
    makes(
        "relative link where another link leads to",
        tar()
            .directory("a/b")
            .symlink("s", "a/b")
            .symlink("s/l", "../x")
            .file("s/l/f", "1")
            .file("s/l/g/h", "2"),
        "d a",
        "d a/b",
        "l a/b/l->../x",
        "d a/x",
        "f a/x/f=1",
        "d a/x/g",
        "f a/x/g/h=2",
        "l s->a/b");
  }

  /** A hard link keeps what it named, whatever its entry was followed by. */
  private void linksToWhatGoes() {
    TarBytes link = tar().hardLink("h", "d/x");
    on(
        "hard link, then a whiteout of its file",
        lower(),
        tar().raw(link.open()).file("d/.wh.x", ""),
        "d d",
        "f d/y=lower y",
        "f f=lower",
        "f h=lower x");
    on(
        "hard link, then a whiteout of the directory of its file",
        lower(),
        tar().raw(link.open()).file(".wh.d", ""),
        "f f=lower",
        "f h=lower x");
    on(
        "hard link, then an opaque mark beside its file",
        lower(),
        tar().raw(link.open()).file("d/.wh..wh..opq", ""),
        "d d",
        "f f=lower",
        "f h=lower x");
    on(
        "hard link, then an opaque root",
        lower(),
        tar().raw(link.open()).file(".wh..wh..opq", ""),
        "f h=lower x");
    on(
        "hard link, then another file in place of its own",
        lower(),
        tar().raw(link.open()).file("d/x", "new"),
        "d d",
        "f d/x=new",
        "f d/y=lower y",
        "f f=lower",
        "f h=lower x");
    on(
        "hard link, then a file in place of the directory of its file",
        lower(),
        tar().raw(link.open()).file("d", "new"),
        "f d=new",
        "f f=lower",
        "f h=lower x");
    on(
        "hard link, then a symbolic link in place of the directory of its file",
        lower(),
        tar().raw(link.open()).symlink("d", "e").file("e/x", "new"),
        "l d->e",
        "d e",
        "f e/x=new",
        "f f=lower",
        "f h=lower x");
    on(
        "two hard links, then a whiteout of their file",
        lower(),
        tar().hardLink("g", "f").hardLink("h", "f").file(".wh.f", "").file(".wh.d", ""),
        "f g=lower (2)",
        "f h=lower (2)");
    on(
        "hard link to a hard link that becomes a file",
        tar().file("f", "x"),
        tar().hardLink("g", "f").hardLink("h", "g").file("g", "new"),
        "f f=x (2)",
        "f g=new",
        "f h=x (2)");
    on(
        "hard link, then a file below it",
        lower().file("h/old", "x"),
        tar().raw(link.open()).file("h/n", "new"),
        "d d",
        "f d/x=lower x",
        "f d/y=lower y",
        "f f=lower",
        "d h",
        "f h/n=new");
    on(
        "hard link, then a whiteout in place of it",
        lower().file("e/x", "other"),
        tar().hardLink("e/h", "e/x").file("e", "").file("e/.wh.h", "").file("e/n", "new"),
        "d d",
        "f d/x=lower x",
        "f d/y=lower y",
        "d e",
        "f e/n=new",
        "f f=lower");
    on(
        "hard links that change places",
        tar().file("a", "1").file("b", "2"),
        tar().hardLink("t", "a").hardLink("a", "b").hardLink("b", "t"),
        "f a=2",
        "f b=1 (2)",
        "f t=1 (2)");
    on(
        "hard link of a file to itself, then a whiteout of it",
        tar().file("f", "x"),
        tar().hardLink("f", "f").file(".wh.f", ""),
        "f f=x");
    TarBytes below = tar().file("f/.wh.n", "").hardLink("h", "f");
    cases.add(
        new Case(
            "hard link to a file with a whiteout below it",
            tar().file("f", "x").bytes(),
            below.bytes(),
            null,
            "",
            List.of("f f=x (2)", "f h=x (2)"),
            List.of("f f=x", "f h=x")));
    on(
        "hard link through a lower symbolic link",
        lower().symlink("s", "d"),
        tar().hardLink("h", "s/x"),
        "d d",
        "f d/x=lower x (2)",
        "f d/y=lower y",
        "f f=lower",
        "f h=lower x (2)",
        "l s->d");
  }

  private void linksThatFail() {
    String missing = "hard link";
    failsOn(
        "hard link to a file that an opaque mark hides",
        lower(),
        tar().file("d/.wh..wh..opq", "").hardLink("h", "d/x"),
        ErrorKind.CORRUPT_DATA,
        missing);
    failsOn(
        "hard link to a file that an opaque root hides",
        lower(),
        tar().file(".wh..wh..opq", "").hardLink("h", "d/x"),
        ErrorKind.CORRUPT_DATA,
        missing);
    failsOn(
        "hard link to a file in a deleted directory that came again",
        lower(),
        tar().file("d/n", "new").file(".wh.d", "").hardLink("h", "d/x"),
        ErrorKind.CORRUPT_DATA,
        missing);
    failsOn(
        "hard link over the lower directory of its target",
        lower(),
        tar().hardLink("d", "d/x"),
        ErrorKind.CORRUPT_DATA,
        missing);
    failsOn(
        "hard link over the directory of another",
        lower(),
        tar().hardLink("e/h", "f").hardLink("e", "e/h"),
        ErrorKind.CORRUPT_DATA,
        missing);
    failsOn(
        "hard link to nothing, then a file over it",
        lower(),
        tar().hardLink("h", "no").file("h", "x"),
        ErrorKind.CORRUPT_DATA,
        missing);
    failsOn(
        "hard link to a lower directory, then a file over it",
        lower(),
        tar().hardLink("h", "d").file("h", "x"),
        ErrorKind.INVALID_INPUT,
        "directory");
  }

  /** A directory of a layer hides a lower symbolic link, and what lies where that leads. */
  private void overLowerLinks() {
    TarBytes linked = lower().directory("d/e", 0700).file("d/e/z", "z").symlink("s", "d");
    byte[] lower = linked.open();
    List<TarBytes> replaced =
        List.of(
            tar().directory("s").hardLink("h", "s/x"),
            tar().directory("s").file("s/n", "new").hardLink("h", "s/e/z"),
            tar().directory("s").directory("s/e").hardLink("s/e/h", "s/e/z"));
    for (TarBytes layer : replaced) {
      failsOn(
          "hard link through a directory over a lower symbolic link",
          tar().raw(lower),
          layer,
          ErrorKind.CORRUPT_DATA,
          "hard link");
    }
    on(
        "hard link through a lower symbolic link, then a directory over that",
        tar().raw(lower),
        tar().hardLink("h", "s/x").directory("s").file("s/n", "new"),
        "d d",
        "d d/e",
        "f d/e/z=z",
        "f d/x=lower x (2)",
        "f d/y=lower y",
        "f f=lower",
        "f h=lower x (2)",
        "d s",
        "f s/n=new");
    on(
        "hard link over a lower symbolic link to where that leads",
        tar().raw(lower),
        tar().hardLink("s", "s/e/z"),
        "d d",
        "d d/e",
        "f d/e/z=z (2)",
        "f d/x=lower x",
        "f d/y=lower y",
        "f f=lower",
        "f s=z (2)");
    on(
        "hard link to a hard link over the lower directory of its file",
        tar().raw(lower),
        tar().hardLink("h", "d/x").hardLink("d", "h"),
        "f d=lower x (2)",
        "f f=lower",
        "f h=lower x (2)",
        "l s->d");
    on(
        "marks in a directory over a lower symbolic link",
        tar().raw(lower),
        tar().directory("s").file("s/.wh.x", "").file("s/e/.wh.z", "").file("s/n", "new"),
        "d d",
        "d d/e",
        "f d/e/z=z",
        "f d/x=lower x",
        "f d/y=lower y",
        "f f=lower",
        "d s",
        "f s/n=new");
  }

  /** What lies behind a circle of symbolic links is nothing, which a mark may concern. */
  private void circles() {
    TarBytes circle = tar().symlink("a", "b").symlink("b", "a").symlink("c", "c/c");
    String[] lines = {"l a->b", "l b->a", "l c->c/c"};
    makes("whiteout through a circle", tar().raw(circle.open()).file("a/.wh.x", ""), lines);
    makes("opaque mark in a circle", tar().raw(circle.open()).file("b/.wh..wh..opq", ""), lines);
    makes(
        "whiteout through a link that grows", tar().raw(circle.open()).file("c/.wh.x", ""), lines);
    failsOn(
        "hard link through a circle",
        lower(),
        tar().raw(circle.open()).hardLink("h", "a/x"),
        ErrorKind.CORRUPT_DATA,
        "hard link");
  }
}
