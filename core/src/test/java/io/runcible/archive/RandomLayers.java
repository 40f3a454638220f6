package io.runcible.archive;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Layers made at random, of so few names that most of what they say concerns the same things. */
public final class RandomLayers {
  private static final String[] NAMES = {"a", "b", "c"};
  private static final int MAX_LENGTH = 6;

  /** Where symbolic links of lower layers lead to; no layer above says anything of it. */
  private static final String LINKED = "z";

  private final Random random;

  /** Of all layers: what a hard link may lead to. */
  private final List<String> files = new ArrayList<>();

  public RandomLayers(Random random) {
    this.random = random;
  }

  /** One entry; the text is the content of a file or where a link leads. */
  public record Entry(char type, String name, int mode, String text) {
    @Override
    public String toString() {
      return type + " " + name + (text.isEmpty() ? "" : "=" + text);
    }
  }

  /**
   * The layers of an image, the lowest first: of files and directories, with marks and hard links,
   * and with symbolic links. Only the topmost has those: a layer by itself does not know them of
   * the ones below, and has a directory there where it has a path through one.
   */
  public List<List<Entry>> image() {
    return List.of(entries(8, 3), entries(6, 7), entries(6, 9));
  }

  /**
   * The same with symbolic links in lower layers, too. The layers above have entries for the
   * directories that take the place of such a link, as those have that are made of a tree. Nor do
   * they have hard links to one: a layer by itself does not know what lies behind those, either.
   */
  public List<List<Entry>> imageOverLinks() {
    List<Entry> lowest = new ArrayList<>();
    lowest.add(new Entry('5', LINKED, 0700, ""));
    lowest.add(new Entry('5', LINKED + "/a", 0710, ""));
    for (String name : NAMES) {
      lowest.add(file(LINKED + "/a/" + name, "linked"));
    }
    lowest.add(file(LINKED + "/b", "linked"));
    lowest.addAll(entries(6, 3));
    lowest.addAll(links());
    List<Entry> middle = withTops(entries(4, 7));
    middle.addAll(links());
    return List.of(lowest, middle, withTops(entries(6, 7)));
  }

  private List<Entry> links() {
    List<Entry> links = new ArrayList<>();
    for (String name : NAMES) {
      if (random.nextInt(3) == 0) {
        files.add(name + "/" + NAMES[random.nextInt(NAMES.length)]);
        files.add(name + "/a/" + NAMES[random.nextInt(NAMES.length)]);
        String to = LINKED + (random.nextBoolean() ? "" : "/a");
        links.add(new Entry('2', name, 0777, (random.nextBoolean() ? "/" : "") + to));
      }
    }
    return links;
  }

  private List<Entry> withTops(List<Entry> entries) {
    List<Entry> all = new ArrayList<>();
    for (Entry entry : entries) {
      if (entry.type == '1' && entry.text.indexOf('/') < 0) {
        continue;
      }
      int slash = entry.name.indexOf('/');
      if (slash > 0) {
        all.add(new Entry('5', entry.name.substring(0, slash), 0700 | random.nextInt(0100), ""));
      }
      all.add(entry);
    }
    return all;
  }

  private List<Entry> entries(int most, int kinds) {
    List<Entry> entries = new ArrayList<>();
    int count = 1 + random.nextInt(most);
    for (int i = 0; i < count; i++) {
      entries.add(entry(random.nextInt(kinds), "" + random.nextInt(10_000)));
    }
    return entries;
  }

  private Entry entry(int kind, String content) {
    String name = name();
    int leaf = name.lastIndexOf('/') + 1;
    return switch (kind) {
      case 0, 1 -> file(name, content);
      case 2 -> new Entry('5', name, 0500 | random.nextInt(01000), "");
      case 3, 4 -> new Entry('0', name.substring(0, leaf) + ".wh." + name.substring(leaf), 0, "");
      case 5 -> new Entry('0', name + "/.wh..wh..opq", 0, "");
      case 6 -> new Entry('1', name, 0, linked());
      default -> new Entry('2', name, 0777, (random.nextBoolean() ? "/" : "") + name());
    };
  }

  private Entry file(String name, String content) {
    files.add(name);
    return new Entry('0', name, 0600 | random.nextInt(0100), content);
  }

  private String linked() {
    boolean any = files.isEmpty() || random.nextInt(8) == 0;
    return any ? name() : files.get(random.nextInt(files.size()));
  }

  private String name() {
    StringBuilder name = new StringBuilder(NAMES[random.nextInt(NAMES.length)]);
    while (name.length() < MAX_LENGTH && random.nextInt(3) > 0) {
      name.append('/').append(NAMES[random.nextInt(NAMES.length)]);
    }
    return name.toString();
  }

  public static TarBytes tar(List<Entry> entries) {
    TarBytes tar = new TarBytes();
    for (Entry entry : entries) {
      TarBytes.Header header = TarBytes.header(entry.type, entry.name).mode(entry.mode);
      if (entry.type == '0') {
        tar.add(header, TarBytes.ascii(entry.text));
      } else {
        tar.add(header.link(entry.text));
      }
    }
    return tar;
  }
}
