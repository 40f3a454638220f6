package io.runcible.transfer;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageDocument;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;

/** What refers to an image: referrers, and the tags by which cosign attaches things. */
final class Attachments {
  private static final int MAX_DEPTH = 4;
  private static final int MAX_COUNT = 10_000;
  private static final List<String> SUFFIXES = List.of("sig", "att", "sbom");

  private final CopySettings settings;
  private final ImageSource source;
  private final CopyTarget target;
  private final ImageReference from;
  private final ImageReference to;
  private final boolean known;
  private final CopyPlan plan;
  private final Set<Digest> seen = new HashSet<>();
  private final Map<ImageReference, ImageDocument> named = new LinkedHashMap<>();

  /**
   * Prepares a search.
   *
   * @param known whether the target may have some of them
   */
  Attachments(
      CopySettings settings,
      CopyTarget target,
      ImageReference from,
      ImageReference to,
      boolean known) {
    this.settings = settings;
    this.source = settings.source();
    this.target = target;
    this.from = from;
    this.to = to;
    this.known = known;
    this.plan = new CopyPlan(source, from, settings.parallel());
  }

  /** What of them the target lacks, by the name to put it under; what is named comes first. */
  Map<ImageReference, ImageDocument> documents() {
    Map<ImageReference, ImageDocument> all = new LinkedHashMap<>();
    for (ImageDocument document : plan.documents()) {
      all.put(CopyTarget.unnamed(to, document.descriptor().digest()), document);
    }
    named.values().forEach(d -> all.remove(CopyTarget.unnamed(to, d.descriptor().digest())));
    all.putAll(named);
    return all;
  }

  Collection<Descriptor> blobs() {
    return plan.blobs();
  }

  /** Finds what refers to these manifests, and what refers to that. */
  void find(Set<Digest> images) {
    Set<String> tags = new HashSet<>(tags());
    seen.addAll(images);
    List<Digest> subjects = new ArrayList<>(images);
    for (int depth = 0; !subjects.isEmpty(); depth++) {
      if (depth == MAX_DEPTH) {
        throw tooMuch("has referrers of referrers, more than " + MAX_DEPTH + " deep");
      }
      List<Digest> found = new ArrayList<>();
      for (Descriptor referrer : referrers(subjects)) {
        if (seen.add(referrer.digest())) {
          add(CopyTarget.unnamed(to, referrer.digest()), referrer);
          found.add(referrer.digest());
        }
      }
      for (Digest subject : subjects) {
        found.addAll(addTagged(subject, tags));
      }
      subjects = found;
    }
  }

  private List<String> tags() {
    try {
      return source.tags(from);
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.UNSUPPORTED || e.kind() == ErrorKind.NOT_FOUND) {
        return List.of();
      }
      throw e;
    }
  }

  private List<Descriptor> referrers(List<Digest> subjects) {
    List<Callable<List<Descriptor>>> work =
        subjects.stream()
            .<Callable<List<Descriptor>>>map(subject -> () -> source.referrers(from, subject))
            .toList();
    List<Descriptor> all = new ArrayList<>();
    for (List<Descriptor> some :
        Tasks.run("listing the referrers of " + from, settings.parallel(), work)) {
      all.addAll(some);
      checkCount(all.size());
    }
    return all;
  }

  private List<Digest> addTagged(Digest subject, Set<String> tags) {
    List<Digest> found = new ArrayList<>();
    for (String suffix : SUFFIXES) {
      String tag = subject.algorithm() + "-" + subject.hex() + "." + suffix;
      if (tags.contains(tag)) {
        Descriptor attached = source.resolve(from.withTag(tag));
        ImageReference name = to.withTag(tag);
        add(name, attached);
        if (seen.add(attached.digest())) {
          found.add(attached.digest());
        }
      }
    }
    return found;
  }

  private void add(ImageReference name, Descriptor descriptor) {
    checkCount(seen.size());
    if (known && isThere(name, descriptor)) {
      return;
    }
    ImageDocument document = plan.read(descriptor);
    if (!plan.has(descriptor.digest())) {
      plan.add(document);
    }
    if (name.tag().isPresent()) {
      named.put(name, document);
    }
  }

  private boolean isThere(ImageReference name, Descriptor descriptor) {
    return target.find(name).filter(d -> d.digest().equals(descriptor.digest())).isPresent();
  }

  private void checkCount(int count) {
    if (count > MAX_COUNT) {
      throw tooMuch("has more than " + MAX_COUNT + " referrers");
    }
  }

  private RuncibleException tooMuch(String reason) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, from + " " + reason);
  }
}
