package io.runcible.archive;

import static io.runcible.archive.TarBytes.ascii;
import static io.runcible.archive.TarBytes.header;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.runcible.ErrorKind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Hostile and odd layers, with what has to come of each. */
public final class HostileLayers {
  /** A directory that lies beside the root of each layer, with a file {@code canary}. */
  private final String outside;

  private final List<Case> cases = new ArrayList<>();

  /**
   * One layer.
   *
   * @param lower what lies below it, or null
   * @param lines the tree that comes of both; null if it does not matter, or it fails
   * @param linesInOverlay the same where a layer by itself differs
   */
  public record Case(
      String name,
      byte @Nullable [] lower,
      byte[] layer,
      @Nullable ErrorKind failure,
      String reason,
      @Nullable List<String> lines,
      @Nullable List<String> linesInOverlay) {
    public @Nullable List<String> lines(LayerFormat format) {
      return format.isSeparate() && linesInOverlay != null ? linesInOverlay : lines;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private HostileLayers(String outside) {
    this.outside = outside;
  }

  static List<Case> all(String outside) {
    HostileLayers table = new HostileLayers(outside);
    table.names();
    table.symlinks();
    table.hardLinks();
    table.types();
    table.root();
    table.whiteouts();
    table.whiteoutNames();
    table.layers();
    table.overlayForgery();
    table.bombs();
    table.damage();
    return table.cases;
  }

  private static TarBytes tar() {
    return new TarBytes();
  }

  private void makes(String name, TarBytes layer, String... lines) {
    cases.add(new Case(name, null, layer.bytes(), null, "", List.of(lines), null));
  }

  /** Only the outside matters. */
  private void stays(String name, TarBytes layer) {
    cases.add(new Case(name, null, layer.bytes(), null, "", null, null));
  }

  private void on(String name, TarBytes lower, TarBytes layer, String... lines) {
    cases.add(new Case(name, lower.bytes(), layer.bytes(), null, "", List.of(lines), null));
  }

  private void on(
      String name, TarBytes lower, TarBytes layer, List<String> lines, List<String> overlay) {
    cases.add(new Case(name, lower.bytes(), layer.bytes(), null, "", lines, overlay));
  }

  private void fails(String name, TarBytes layer, ErrorKind kind, String reason) {
    cases.add(new Case(name, null, layer.bytes(), kind, reason, null, null));
  }

  private void failsOn(String name, TarBytes lower, TarBytes layer, ErrorKind kind, String reason) {
    cases.add(new Case(name, lower.bytes(), layer.bytes(), kind, reason, null, null));
  }

  /** The lines of directories that lead to the outside, were the root the host's. */
  private String[] insideOutside(String... more) {
    List<String> lines = new ArrayList<>();
    String path = outside.substring(1);
    for (int slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      lines.add("d " + path.substring(0, slash));
    }
    lines.add("d " + path);
    return Stream.concat(lines.stream(), Stream.of(more))
        .sorted((a, b) -> a.substring(2).compareTo(b.substring(2)))
        .toArray(String[]::new);
  }

  private void names() {
    makes("absolute name", tar().file("/abs", "x"), "f abs=x");
    makes("many slashes", tar().file("//a///b", "x"), "d a", "f a/b=x");
    makes("dots in the middle", tar().file("./a/./b", "x"), "d a", "f a/b=x");
    makes(
        "dots that leave the root",
        tar().file("../../outside/canary", "x"),
        "d outside",
        "f outside/canary=x");
    makes("dots that come back", tar().file("a/../../b", "x"), "f b=x");
    makes("dots at the end", tar().directory("a/b").directory("a/b/.."), "d a", "d a/b");
    makes(
        "absolute path of the outside",
        tar().pax("path", outside + "/canary").file("x", "evil"),
        insideOutside("f " + outside.substring(1) + "/canary=evil"));
    fails("empty name", tar().file("", "x"), ErrorKind.INVALID_INPUT, "empty");
    fails("NUL in a name", tar().pax("path", "a\0b").file("a", "x"), ErrorKind.CORRUPT_DATA, "NUL");
    makes(
        "longest file name",
        tar().pax("path", "n".repeat(255)).file("x", "x"),
        "f " + "n".repeat(255) + "=x");
    fails(
        "file name over the limit",
        tar().pax("path", "d/" + "n".repeat(256)).file("x", "x"),
        ErrorKind.INVALID_INPUT,
        "255");
    fails(
        "path over the limit",
        tar().pax("path", "d/".repeat(2040) + "fffffffffffffff").file("x", "x"),
        ErrorKind.INVALID_INPUT,
        "4095");
    makes("deep path", tar().pax("path", "d/".repeat(60) + "f").file("x", "x"), deep(60));
    // Few levels, since the name before this one has as many as there can be.
    String half = ("d".repeat(39) + "/").repeat(50);
    fails(
        "deeper than any path, through a symbolic link",
        tar()
            .pax("path", half + "f")
            .file("x", "")
            .pax("linkpath", half)
            .symlink("s1", "x")
            .pax("path", "s1/" + half + "f")
            .file("x", "")
            .pax("linkpath", "s1/" + half)
            .symlink("s2", "x")
            .pax("path", "s2/" + half + "f")
            .file("x", ""),
        ErrorKind.INVALID_INPUT,
        "so deep");
    makes(
        "names that are no text",
        tar().file("\u00ff\u00fe", "1").file("a\nb", "2").file("-rf *", "3").file("\\", "4"),
        "f -rf *=3",
        "f \\=4",
        "f a\nb=2",
        "f \u00ff\u00fe=1");
  }

  private static String[] deep(int levels) {
    List<String> lines = new ArrayList<>();
    for (int i = 1; i <= levels; i++) {
      lines.add("d " + "d/".repeat(i).substring(0, 2 * i - 1));
    }
    lines.add("f " + "d/".repeat(levels) + "f=x");
    return lines.toArray(String[]::new);
  }

  private void symlinks() {
    makes(
        "write through an absolute symbolic link",
        tar().pax("linkpath", outside).symlink("esc", "x").file("esc/canary", "evil"),
        insideOutside("l esc->" + outside, "f " + outside.substring(1) + "/canary=evil"));
    makes(
        "write through a relative symbolic link",
        tar().symlink("esc", "../../outside").file("esc/canary", "evil"),
        "l esc->../../outside",
        "d outside",
        "f outside/canary=evil");
    makes(
        "write through a chain of symbolic links",
        tar().symlink("a", "b").symlink("b", "../outside").file("a/canary", "evil"),
        "l a->b",
        "l b->../outside",
        "d outside",
        "f outside/canary=evil");
    makes(
        "symbolic link to the root",
        tar().symlink("top", "/").file("top/x", "y"),
        "l top->/",
        "f x=y");
    stays("magic link to the root", tar().symlink("p", "/proc/self/root").file("p/x", "y"));
    stays("magic link to a directory", tar().symlink("p", "/proc/self/cwd").file("p/x", "y"));
    stays(
        "symbolic link in the middle",
        tar()
            .directory("d")
            .pax("linkpath", outside)
            .symlink("d/e", "x")
            .file("d/e/f/canary", "y"));
    makes(
        "file over a symbolic link",
        tar().pax("linkpath", outside + "/canary").symlink("c", "x").file("c", "new"),
        "f c=new");
    makes(
        "directory over a symbolic link",
        tar().pax("linkpath", outside).symlink("d", "x").directory("d", 0700).file("d/canary", "n"),
        "d d",
        "f d/canary=n");
    makes(
        "link made a directory and a link again",
        tar()
            .directory("d")
            .file("d/x", "1")
            .pax("linkpath", outside)
            .symlink("d", "x")
            .directory("d")
            .file("d/canary", "2"),
        "d d",
        "f d/canary=2");
    makes(
        "parent that was open becomes a link",
        tar().directory("d").file("d/x", "1").directory("e").symlink("d", "e").file("d/y", "2"),
        "l d->e",
        "d e",
        "f e/y=2");
    makes(
        "link that was followed leads elsewhere",
        tar()
            .directory("a")
            .directory("b")
            .symlink("s", "a")
            .file("s/x", "1")
            .symlink("s", "b")
            .file("s/x", "2"),
        "d a",
        "f a/x=1",
        "d b",
        "f b/x=2",
        "l s->b");
    makes(
        "dangling link as a parent",
        tar().symlink("lib", "usr/lib").file("lib/x", "1"),
        "l lib->usr/lib",
        "d usr",
        "d usr/lib",
        "f usr/lib/x=1");
    fails(
        "links in a circle",
        tar().symlink("a", "b").symlink("b", "a").file("a/x", "1"),
        ErrorKind.INVALID_INPUT,
        "symbolic links");
    fails(
        "link to itself",
        tar().symlink("a", "a").file("a/x", "1"),
        ErrorKind.INVALID_INPUT,
        "symbolic links");
    fails(
        "link that grows",
        tar().symlink("a", "a/b").file("a/x", "1"),
        ErrorKind.INVALID_INPUT,
        "symbolic links");
    fails("link to nowhere", tar().symlink("a", ""), ErrorKind.INVALID_INPUT, "nowhere");
    fails(
        "link over the limit",
        tar().pax("linkpath", "x".repeat(5000)).symlink("a", "x"),
        ErrorKind.INVALID_INPUT,
        "4095");
    makes("link to any text", tar().symlink("a", "\u00ff ../\n"), "l a->\u00ff ../\n");
    stays(
        "attributes of a symbolic link",
        tar()
            .pax("linkpath", outside + "/canary", "SCHILY.xattr.user.evil", "x")
            .symlink("a", "x"));
  }

  private void hardLinks() {
    makes("hard link", tar().file("a", "x").hardLink("b", "a"), "f a=x (2)", "f b=x (2)");
    makes(
        "hard link with an absolute target",
        tar().file("d/a", "x").hardLink("b", "/d/a"),
        "f b=x (2)",
        "d d",
        "f d/a=x (2)");
    fails(
        "hard link to the outside",
        tar().pax("linkpath", outside + "/canary").hardLink("h", "x"),
        ErrorKind.CORRUPT_DATA,
        "'h' is a hard link");
    fails(
        "hard link to the outside by dots",
        tar().hardLink("h", "../../outside/canary"),
        ErrorKind.CORRUPT_DATA,
        "hard link");
    fails(
        "hard link to the outside by a symbolic link",
        tar().pax("linkpath", outside).symlink("d", "x").hardLink("h", "d/canary"),
        ErrorKind.CORRUPT_DATA,
        "hard link");
    makes(
        "hard link to a symbolic link, then a file over it",
        tar()
            .pax("linkpath", outside + "/canary")
            .symlink("s", "x")
            .hardLink("h", "s")
            .add(header('0', "h").mode(04777), ascii("evil")),
        "f h=evil",
        "l s->" + outside + "/canary");
    makes(
        "hard link to a symbolic link, then a directory over it",
        tar()
            .pax("linkpath", outside)
            .symlink("s", "x")
            .hardLink("h", "s")
            .directory("h", 0777)
            .file("h/canary", "n"),
        "d h",
        "f h/canary=n",
        "l s->" + outside);
    fails(
        "hard link to a directory",
        tar().directory("d").hardLink("h", "d"),
        ErrorKind.INVALID_INPUT,
        "directory");
    fails("hard link to the root", tar().hardLink("h", "/"), ErrorKind.INVALID_INPUT, "directory");
    fails("hard link to nothing", tar().hardLink("h", "no"), ErrorKind.CORRUPT_DATA, "'no'");
    makes("hard link to itself", tar().file("a", "x").hardLink("a", "a"), "f a=x");
    makes(
        "hard link again",
        tar().file("a", "x").hardLink("b", "a").hardLink("b", "a"),
        "f a=x (2)",
        "f b=x (2)");
    makes(
        "hard link over a directory",
        tar().file("a", "x").file("b/c", "y").hardLink("b", "a"),
        "f a=x (2)",
        "f b=x (2)");
    fails(
        "hard link over the directory of its target",
        tar().file("d/x", "y").hardLink("d", "d/x"),
        ErrorKind.CORRUPT_DATA,
        "hard link");
    makes(
        "file over one of two names",
        tar().file("a", "x").hardLink("b", "a").file("a", "new"),
        "f a=new",
        "f b=x");
  }

  private void types() {
    makes("file twice", tar().file("a", "1").file("a", "2"), "f a=2");
    makes(
        "directory twice",
        tar().directory("d").file("d/x", "1").directory("d", 0700),
        "d d",
        "f d/x=1");
    makes("file, then directory", tar().file("a", "1").directory("a"), "d a");
    makes("directory, then file", tar().file("a/b/c", "1").file("a", "2"), "f a=2");
    makes("directory, then link", tar().file("a/b", "1").symlink("a", "x"), "l a->x");
    makes("link, then directory", tar().symlink("a", "x").directory("a"), "d a");
    makes("parent is a file", tar().file("a", "1").file("a/b", "2"), "d a", "f a/b=2");
    makes("parent is a FIFO", tar().add(header('6', "a")).file("a/b", "2"), "d a", "f a/b=2");
    makes("FIFO", tar().add(header('6', "a")), "p a");
    makes("file over a FIFO", tar().add(header('6', "a")).file("a", "x"), "f a=x");
    makes("old directory", tar().add(header('0', "a/").mode(0755)), "d a");
    makes(
        "directories that may not be written",
        tar().directory("a", 0555).directory("a/b", 0555).file("a/b/c", "x").file("a/d", "y"),
        "d a",
        "d a/b",
        "f a/b/c=x",
        "f a/d=y");
    on(
        "directories below that may not be written",
        tar().directory("a", 0555).directory("a/b", 0555).file("a/b/c", "x").file("a/b/e", "z"),
        tar().file("a/b/c", "new").file("a/b/.wh.e", "").directory("a/n", 0555),
        "d a",
        "d a/b",
        "f a/b/c=new",
        "d a/n");
    on(
        "directory below that may not be written comes again",
        tar().directory("a", 0555).file("a/b", "x"),
        tar().directory("a", 0555).file("a/c", "y"),
        "d a",
        "f a/b=x",
        "f a/c=y");
    fails("volume part", tar().add(header('M', "a")), ErrorKind.INVALID_INPUT, "type");
    makes("label", tar().add(header('V', "label")).file("a", "1"), "f a=1");
    makes(
        "sparse file",
        tar()
            .pax("GNU.sparse.major", "1", "GNU.sparse.name", "s", "GNU.sparse.realsize", "900")
            .add(header('0', "x"), Arrays.copyOf(ascii("1\n400\n3\n"), 512 + 3)),
        "f s=" + "\0".repeat(900));
  }

  private void root() {
    makes("root is a directory", tar().directory("./", 0711).file("./a", "x"), "f a=x");
    makes("root above itself", tar().directory("..", 0711).file("a", "x"), "f a=x");
    for (String name : List.of("./", "/", ".", "..", "a/..", "/.")) {
      fails(
          "root as a symbolic link named " + name,
          tar().pax("linkpath", outside).symlink(name, "x"),
          ErrorKind.INVALID_INPUT,
          "root");
    }
    fails("root as a file", tar().file(".", "x"), ErrorKind.INVALID_INPUT, "root");
    fails("root as a device", tar().add(header('3', ".")), ErrorKind.INVALID_INPUT, "root");
    fails(
        "root as a hard link",
        tar().file("a", "x").hardLink(".", "a"),
        ErrorKind.INVALID_INPUT,
        "root");
  }

  /** What lies below many of the layers. */
  static TarBytes lower() {
    return tar().directory("d").file("d/x", "lower x").file("d/y", "lower y").file("f", "lower");
  }

  private void whiteouts() {
    on("whiteout", lower(), tar().file("d/.wh.x", ""), "d d", "f d/y=lower y", "f f=lower");
    on("whiteout of a directory", lower(), tar().file(".wh.d", ""), "f f=lower");
    on(
        "whiteout of nothing",
        lower(),
        tar().file("d/.wh.no", "").file("no/.wh.no", "").file("no/no/.wh..wh..opq", ""),
        "d d",
        "f d/x=lower x",
        "f d/y=lower y",
        "f f=lower");
    on(
        "whiteout and opaque mark below a lower file",
        lower(),
        tar().file("f/.wh.x", "").file("d/x/y/.wh..wh..opq", ""),
        "d d",
        "f d/x=lower x",
        "f d/y=lower y",
        "f f=lower");
    on(
        "whiteout with content",
        lower(),
        tar().file("d/.wh.x", "evil".repeat(300)).file("d/z", "1"),
        "d d",
        "f d/y=lower y",
        "f d/z=1",
        "f f=lower");
    on(
        "whiteout of another type",
        lower(),
        tar().directory("d/.wh.x").symlink("d/.wh.y", "z"),
        "d d",
        "f f=lower");
    for (boolean first : new boolean[] {true, false}) {
      String order = first ? " before the entry" : " after the entry";
      on(
          "whiteout of a file of the layer," + order,
          lower(),
          ordered(first, tar().file("d/.wh.x", ""), tar().file("d/x", "new")),
          "d d",
          "f d/x=new",
          "f d/y=lower y",
          "f f=lower");
      on(
          "whiteout of a directory of the layer," + order,
          lower(),
          ordered(first, tar().file(".wh.d", ""), tar().directory("d").file("d/n", "new")),
          "d d",
          "f d/n=new",
          "f f=lower");
      on(
          "whiteout of a directory that a file implies," + order,
          lower(),
          ordered(first, tar().file(".wh.d", ""), tar().file("d/n", "new")),
          "d d",
          "f d/n=new",
          "f f=lower");
      on(
          "opaque directory," + order,
          lower(),
          ordered(first, tar().file("d/.wh..wh..opq", ""), tar().file("d/x", "new")),
          "d d",
          "f d/x=new",
          "f f=lower");
      on(
          "opaque directory with whiteouts in it," + order,
          lower(),
          ordered(
              first,
              tar().file("d/.wh..wh..opq", ""),
              tar().file("d/.wh.y", "").file("d/.wh.no", "").file("d/x", "new")),
          "d d",
          "f d/x=new",
          "f f=lower");
      on(
          "opaque root," + order,
          lower(),
          ordered(first, tar().file(".wh..wh..opq", ""), tar().file("n", "new")),
          "f n=new");
      makes(
          "whiteout below a file," + order,
          ordered(first, tar().file("a/.wh.b", ""), tar().file("a", "x")),
          "f a=x");
      makes(
          "opaque file," + order,
          ordered(first, tar().file("a/.wh..wh..opq", ""), tar().file("a", "x")),
          "f a=x");
      on(
          "whiteout of a directory and of what is in it," + order,
          lower(),
          ordered(first, tar().file(".wh.d", ""), tar().file("d/.wh.x", "").file("d/.wh.no", "")),
          "f f=lower");
      on(
          "whiteout of a directory with an opaque mark," + order,
          lower(),
          ordered(first, tar().file(".wh.d", ""), tar().file("d/.wh..wh..opq", "")),
          "f f=lower");
      on(
          "whiteout of a link of the layer," + order,
          lower(),
          ordered(first, tar().file(".wh.f", ""), tar().symlink("f", "d")),
          "d d",
          "f d/x=lower x",
          "f d/y=lower y",
          "l f->d");
    }
    on(
        "whiteout of a symbolic link",
        lower().symlink("l", "d"),
        tar().file(".wh.l", ""),
        "d d",
        "f d/x=lower x",
        "f d/y=lower y",
        "f f=lower");
    stays(
        "whiteout through a symbolic link to the outside",
        tar().pax("linkpath", outside).symlink("s", "x").file("s/.wh.canary", ""));
    stays(
        "opaque mark through a symbolic link to the outside",
        tar().pax("linkpath", outside).symlink("s", "x").file("s/.wh..wh..opq", ""));
    stays(
        "whiteout of the outside by dots",
        tar().directory("a").file("../../outside/.wh.canary", ""));
    on(
        "whiteouts of a tree",
        tar().file("t/a/b/c/d", "1").file("t/a/e", "2").symlink("t/a/l", "../../.."),
        tar().file("t/.wh.a", ""),
        "d t");
  }

  private static TarBytes ordered(boolean first, TarBytes one, TarBytes other) {
    return first
        ? tar().raw(one.open()).raw(other.open())
        : tar().raw(other.open()).raw(one.open());
  }

  private void whiteoutNames() {
    for (String name : List.of(".wh.", "d/.wh.", ".wh..", "d/.wh..", ".wh...", "d/.wh...")) {
      failsOn(
          "whiteout named " + name,
          lower(),
          tar().directory("d").file(name, ""),
          ErrorKind.INVALID_INPUT,
          "whiteout of nothing");
    }
    String[] left = {"d d", "f d/x=lower x", "f d/y=lower y"};
    on("whiteout with content", lower(), tar().file(".wh.f", "x"), left);
    on("whiteout that is a directory", lower(), tar().directory(".wh.f"), left);
    on("whiteout that is a symbolic link", lower(), tar().symlink(".wh.f", "d"), left);
    on("whiteout that is a hard link", lower(), tar().hardLink(".wh.f", "d/x"), left);
    on("whiteout that is a FIFO", lower(), tar().add(header('6', ".wh.f")), left);
    on(
        "opaque mark that is a directory",
        lower(),
        tar().directory("d/.wh..wh..opq"),
        "d d",
        "f f=lower");
    for (String mark : List.of("d/.wh.x", "d/.wh..wh..opq")) {
      failsOn(
          "hard link to the mark " + mark,
          lower(),
          tar().file(mark, "").hardLink("h", mark),
          ErrorKind.CORRUPT_DATA,
          "hard link");
      failsOn(
          "through a symbolic link to the mark " + mark,
          lower(),
          tar().file(mark, "").symlink("s", mark).file("s/n", "x"),
          ErrorKind.INVALID_INPUT,
          "name of a whiteout");
    }
    fails(
        "file below a whiteout",
        tar().file(".wh.d/x", "1"),
        ErrorKind.INVALID_INPUT,
        "name of a whiteout");
    makes(
        "notes of another file system",
        tar()
            .directory(".wh..wh.plnk")
            .file(".wh..wh.plnk/1.2", "x")
            .file(".wh..wh.aufs", "")
            .directory(".wh..wh.orph")
            .file("a", "1"),
        "f a=1");
    on(
        "whiteout of a hidden file",
        lower().file(".h", "x"),
        tar().file(".wh..h", ""),
        "d d",
        "f d/x=lower x",
        "f d/y=lower y",
        "f f=lower");
  }

  private void layers() {
    on("file over a directory", lower(), tar().file("d", "new"), "f d=new", "f f=lower");
    on(
        "directory over a file",
        lower(),
        tar().file("f/x", "new"),
        "d d",
        "f d/x=lower x",
        "f d/y=lower y",
        "d f",
        "f f/x=new");
    on(
        "directory over a symbolic link",
        lower().symlink("l", "d"),
        tar().directory("l").file("l/x", "new"),
        "d d",
        "f d/x=lower x",
        "f d/y=lower y",
        "f f=lower",
        "d l",
        "f l/x=new");
    on("symbolic link over a directory", lower(), tar().symlink("d", "f"), "l d->f", "f f=lower");
    on("FIFO over a directory", lower(), tar().add(header('6', "d")), "p d", "f f=lower");
    TarBytes fifo = tar().add(header('6', "p"));
    on("directory over a FIFO", fifo, tar().directory("p"), "d p");
    on("below a FIFO", fifo, tar().file("p/x", "new"), "d p", "f p/x=new");
    on("whiteout below a FIFO", fifo, tar().file("p/.wh.x", ""), "p p");
    List<TarBytes> replaced =
        List.of(
            tar().file("d", "1"),
            tar().symlink("d", "f"),
            tar().add(header('6', "d")),
            tar().file(".wh.d", "").file("d", "1"),
            tar().file("d", "1").file(".wh.d", ""));
    for (int i = 0; i < replaced.size(); i++) {
      on(
          "directory over what was over a lower one, " + i,
          lower(),
          tar().raw(replaced.get(i).open()).directory("d"),
          "d d",
          "f f=lower");
      if (i != 1) {
        on(
            "directory that a file implies over what was over a lower one, " + i,
            lower(),
            tar().raw(replaced.get(i).open()).file("d/n", "new"),
            "d d",
            "f d/n=new",
            "f f=lower");
      }
    }
    on(
        "through a symbolic link of a lower layer",
        tar().pax("linkpath", outside).symlink("s", "x"),
        tar().file("s/canary", "evil"),
        List.of(insideOutside("l s->" + outside, "f " + outside.substring(1) + "/canary=evil")),
        List.of("d s", "f s/canary=evil"));
    on(
        "file with two names below gets new content",
        tar().file("a", "old").hardLink("b", "a"),
        tar().file("a", "new"),
        List.of("f a=new", "f b=old"),
        List.of("f a=new", "f b=old (2)"));
    on(
        "missing parents",
        tar().directory("a").directory("a/b"),
        tar().file("a/b/c/d", "x"),
        "d a",
        "d a/b",
        "d a/b/c",
        "f a/b/c/d=x");
  }

  private void bombs() {
    TarBytes implied = tar();
    for (int i = 0; i < 20; i++) {
      implied.pax("path", i + "/d".repeat(170) + "/f").file("x", "");
    }
    fails(
        "directories without entries over the limit of entries",
        implied,
        ErrorKind.INVALID_INPUT,
        "entries");
    String deep = ("d".repeat(200) + "/").repeat(17);
    TarBytes names = tar().pax("path", deep).directory("x").pax("linkpath", deep).symlink("s", "x");
    for (int i = 0; i < 2600; i++) {
      names.directory("s/" + i);
    }
    fails("names of directories that fill memory", names, ErrorKind.INVALID_INPUT, "the names of");
  }

  private void overlayForgery() {
    for (String space : List.of("trusted", "user")) {
      on(
          "forged opaque directory in " + space,
          lower(),
          tar().pax("SCHILY.xattr." + space + ".overlay.opaque", "y").directory("d"),
          "d d",
          "f d/x=lower x",
          "f d/y=lower y",
          "f f=lower");
      on(
          "forged redirect in " + space,
          lower(),
          tar().pax("SCHILY.xattr." + space + ".overlay.redirect", "/d").directory("e"),
          "d d",
          "f d/x=lower x",
          "f d/y=lower y",
          "d e",
          "f f=lower");
    }
    cases.add(
        new Case(
            "forged whiteout",
            lower().bytes(),
            tar().add(header('3', "f").device(0, 0)).bytes(),
            null,
            "",
            null,
            List.of("d d", "f d/x=lower x", "f d/y=lower y", "f f=lower")));
  }

  private void damage() {
    fails(
        "size that lies",
        tar().add(header('0', "a").size(1 << 20)).raw(ascii("short")),
        ErrorKind.CORRUPT_DATA,
        "truncated");
    fails(
        "no tar at all",
        tar().raw(ascii("#!/bin/sh\n".repeat(100))),
        ErrorKind.CORRUPT_DATA,
        "no tar archive");
    fails(
        "sparse file over the limit",
        tar().pax("GNU.sparse.size", "9223372036854775807", "GNU.sparse.map", "0,1").file("s", "x"),
        ErrorKind.INVALID_INPUT,
        "limit");
    fails(
        "device numbers that do not exist",
        tar().add(header('4', "b").device(1 << 20, 1 << 20)),
        ErrorKind.CORRUPT_DATA,
        "major");
    byte[] hidden = header('0', "evil").size(0).sealed();
    makes(
        "header in the content, by a size that two headers state differently",
        tar().pax("size", "512").add(header('0', "a").size(0)).raw(hidden).file("b", "x"),
        "f a=" + new String(hidden, ISO_8859_1),
        "f b=x");
    fails(
        "size below zero",
        tar().add(header('0', "a").binary(124, 12, -512)),
        ErrorKind.CORRUPT_DATA,
        "size");
    fails(
        "size of exabytes",
        tar().add(header('0', "a").binary(124, 12, 1L << 60)),
        ErrorKind.INVALID_INPUT,
        "limit");
    fails(
        "sizes that overflow together",
        tar().pax("size", "9223372036854775807").add(header('0', "a")),
        ErrorKind.INVALID_INPUT,
        "limit");
    fails(
        "long name of megabytes",
        tar().longName('L', "n".repeat(2 << 20)).file("a", "x"),
        ErrorKind.CORRUPT_DATA,
        "extended header has");
    fails(
        "two long names for one entry",
        tar().longName('L', "one").longName('L', "two").file("a", "x"),
        ErrorKind.CORRUPT_DATA,
        "two extended headers");
    fails(
        "long name of nothing",
        tar().longName('L', "one"),
        ErrorKind.CORRUPT_DATA,
        "ends after an extended header");
    fails(
        "regions that overlap",
        tar().pax("GNU.sparse.size", "9", "GNU.sparse.map", "0,5,3,5").file("s", "0123456789"),
        ErrorKind.CORRUPT_DATA,
        "not in order");
    fails(
        "sparse file of GNU's in a POSIX header",
        tar().add(header('S', "s").octal(483, 12, 3), ascii("abc")),
        ErrorKind.CORRUPT_DATA,
        "another format");
    fails(
        "length of a sparse file without its map",
        tar().pax("GNU.sparse.name", "s", "GNU.sparse.realsize", "9").file("x", "x"),
        ErrorKind.CORRUPT_DATA,
        "not wholly");
    fails(
        "number behind a NUL",
        tar().add(header('0', "a").text(108, 8, "\0000001")),
        ErrorKind.CORRUPT_DATA,
        "begins with a NUL");
    fails(
        "long name of GNU and one of POSIX",
        tar().longName('L', "one").pax("path", "other").file("x", "x"),
        ErrorKind.CORRUPT_DATA,
        "long name of POSIX and another one of GNU");
    fails(
        "long link of GNU and one of POSIX",
        tar().longName('K', "one").pax("linkpath", "other").symlink("x", "y"),
        ErrorKind.CORRUPT_DATA,
        "long name of POSIX and another one of GNU");
    fails(
        "two numbers in one field",
        tar().add(header('2', "a").text(124, 12, "00000 0000\0\0")),
        ErrorKind.CORRUPT_DATA,
        "goes on after a blank");
    fails(
        "extended header that states more than there is",
        tar().add(header('x', "x"), ascii("999 path=evil\n")).file("a", "x"),
        ErrorKind.CORRUPT_DATA,
        "length of an extended header");
    fails(
        "attribute without a name",
        tar().pax(Map.of("SCHILY.xattr.", new byte[1])).file("a", ""),
        ErrorKind.CORRUPT_DATA,
        "attribute");
  }
}
