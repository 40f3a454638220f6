package io.runcible.layout;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Supplier;

/** The images of one place by name: a full reference, a tag alone, or whatever somebody wrote. */
final class ImageEntries {
  private static final int MAX_SHOWN = 20;

  /** An image, with the names that it has; its descriptor when it is asked for. */
  record Entry(List<String> names, Supplier<Descriptor> image) {
    Descriptor descriptor() {
      return image.get();
    }
  }

  private final List<Entry> entries;
  private final String where;

  /**
   * Takes entries in the order that they are counted in.
   *
   * @param where what the place is called in messages
   */
  ImageEntries(List<Entry> entries, String where) {
    this.entries = entries;
    this.where = where;
  }

  /** The image of a tag: named by the full reference, or else by the tag alone. */
  Descriptor tagged(ImageReference reference) {
    String tag = reference.tag().orElseThrow();
    return named(reference.toString(), fullName(reference))
        .or(() -> named(reference.toString(), tag))
        .orElseThrow(() -> missing("image " + reference));
  }

  /** The image of a digest, if it has an entry. */
  Optional<Descriptor> of(Digest digest) {
    return entries.stream()
        .map(Entry::descriptor)
        .filter(entry -> entry.digest().equals(digest))
        .findFirst();
  }

  static String fullName(ImageReference reference) {
    return reference.name() + ":" + reference.tag().orElseThrow();
  }

  private Optional<Descriptor> named(String asked, String name) {
    List<Descriptor> found =
        entries.stream()
            .filter(entry -> entry.names().contains(name))
            .map(Entry::descriptor)
            .toList();
    if (found.stream().map(Descriptor::digest).distinct().count() > 1) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          asked
              + " is ambiguous: "
              + where
              + " has "
              + found.size()
              + " different images of this name; ask for one by its digest");
    }
    return found.stream().findFirst();
  }

  /**
   * The image that is selected as in the transport names of skopeo.
   *
   * @param selector nothing for the only image, {@code @0} for the first, {@code @sha256:…} for a
   *     digest, or a name
   */
  Descriptor select(String selector) {
    if (selector.isEmpty()) {
      return only();
    }
    if (!selector.startsWith("@")) {
      return named(selector, selector)
          .or(() -> named(selector, expanded(selector)))
          .orElseThrow(() -> missing("image " + TarMembers.shown(selector)));
    }
    String text = selector.substring(1);
    if (text.indexOf(':') >= 0) {
      return of(Digest.parse(text)).orElseThrow(() -> missing("image " + text));
    }
    int index = index(text);
    if (index >= entries.size()) {
      throw missing("image " + selector);
    }
    return entries.get(index).descriptor();
  }

  private Descriptor only() {
    if (entries.isEmpty()) {
      throw new RuncibleException(ErrorKind.NOT_FOUND, where + " has no image");
    }
    if (entries.size() > 1) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          where + " has " + entries.size() + " images; say which one: " + names());
    }
    return entries.get(0).descriptor();
  }

  private int index(String text) {
    if (!text.matches("[0-9]{1,9}")) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "after the '@', " + TarMembers.shown(text) + " is neither a number nor a digest");
    }
    return Integer.parseInt(text);
  }

  /** The full form of a short reference; the text itself if it is none. */
  static String expanded(String text) {
    try {
      ImageReference reference = ImageReference.parse(text);
      return reference.tag().isPresent() ? fullName(reference) : text;
    } catch (RuncibleException e) {
      return text;
    }
  }

  RuncibleException missing(String what) {
    String names = names();
    return new RuncibleException(
        ErrorKind.NOT_FOUND,
        where
            + " has no "
            + what
            + (names.isEmpty() ? ", nor any other with a name" : "; it has " + names));
  }

  /** What there is; an image without a name by its number. */
  private String names() {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < entries.size() && names.size() < MAX_SHOWN; i++) {
      List<String> own = entries.get(i).names();
      names.addAll(own.isEmpty() ? List.of("@" + i) : own);
    }
    return String.join(", ", names.subList(0, Math.min(names.size(), MAX_SHOWN)))
        .replaceAll("\\p{Cntrl}", "?");
  }

  /** The tags of a repository, and those names that are a tag alone. */
  List<String> tags(ImageReference repository) {
    TreeSet<String> tags = new TreeSet<>();
    String prefix = repository.name() + ":";
    for (Entry entry : entries) {
      for (String name : entry.names()) {
        String tag = name.startsWith(prefix) ? name.substring(prefix.length()) : name;
        if (isTag(repository, tag)) {
          tags.add(tag);
        }
      }
    }
    if (tags.isEmpty()) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, where + " has no repository " + repository.name());
    }
    return List.copyOf(tags);
  }

  private static boolean isTag(ImageReference repository, String name) {
    try {
      return repository.withTag(name).tag().isPresent();
    } catch (RuncibleException e) {
      return false;
    }
  }
}
