package io.runcible.transfer;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageDocument;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/** One copy of one image. */
final class CopyRun {
  private final CopySettings settings;
  private final ImageReference from;
  private final ImageReference to;
  private final CopyTarget target;
  private final CopyPlan plan;
  private final BlobTransfer transfer;
  private int written;

  CopyRun(CopySettings settings, ImageReference from, ImageReference to) {
    this.settings = settings;
    this.from = from;
    this.to = to;
    this.target = new CopyTarget(settings.sink());
    this.plan = new CopyPlan(settings.source(), from, settings.parallel());
    this.transfer = new BlobTransfer(settings, from, to);
  }

  boolean isUnchanged() {
    Optional<Descriptor> there = target.find(to);
    Selection selection = select(there);
    if (!isPresent(there, selection.descriptor())) {
      return false;
    }
    if (settings.format().isPresent()) {
      plan.add(selection.document(plan));
      return !recompression().isNeeded();
    }
    return true;
  }

  CopyResult run() {
    Optional<Descriptor> there = target.find(to);
    Selection selection = select(there);
    boolean present = isPresent(there, selection.descriptor());
    if (present && settings.format().isEmpty()) {
      if (settings.referrers()) {
        Set<Digest> images = new LinkedHashSet<>();
        plan.collectDigests(selection.document(plan), images);
        attach(images, true);
      }
      return result(selection.descriptor());
    }
    ImageDocument root = selection.document(plan);
    plan.add(root);
    return present && !recompression().isNeeded()
        ? result(root.descriptor())
        : write(root, there.isPresent());
  }

  private Recompression recompression() {
    return new Recompression(settings, plan, transfer, from);
  }

  private CopyResult write(ImageDocument root, boolean known) {
    CopiedImage image = copied(root);
    Descriptor top = image.root().descriptor();
    checkDigest(top);
    transfer.run(image.blobs(), settings.parallel());
    if (!transfer.isSameRepository() || settings.format().isPresent()) {
      putChildren(image.documents(), top.digest());
    }
    if (settings.referrers()) {
      Set<Digest> images = new LinkedHashSet<>();
      image.documents().forEach(document -> images.add(document.descriptor().digest()));
      attach(images, known);
    }
    put(to, image.root());
    return result(top);
  }

  private CopiedImage copied(ImageDocument root) {
    return settings.format().isPresent()
        ? recompression().run(root)
        : new CopiedImage(root, plan.documents(), plan.blobs());
  }

  private void putChildren(Collection<ImageDocument> documents, Digest top) {
    for (ImageDocument document : documents) {
      if (!document.descriptor().digest().equals(top)) {
        put(CopyTarget.unnamed(to, document.descriptor().digest()), document);
      }
    }
  }

  private void put(ImageReference name, ImageDocument document) {
    settings.sink().putManifest(name, document.descriptor(), document.raw());
    written++;
  }

  /** What refers to the image goes before its name, so that who sees this finds them. */
  private void attach(Set<Digest> images, boolean known) {
    if (transfer.isSameRepository()) {
      return;
    }
    Attachments attachments = new Attachments(settings, target, from, to, known);
    attachments.find(images);
    transfer.run(attachments.blobs(), settings.parallel());
    attachments.documents().forEach(this::put);
  }

  private CopyResult result(Descriptor root) {
    return new CopyResult(root, written, transfer.copied(), transfer.present(), transfer.bytes());
  }

  /** Asks the source for as little as possible: a name that is new needs its document anyway. */
  private Selection select(Optional<Descriptor> there) {
    ImageSource source = settings.source();
    boolean maybeEqual =
        there.isPresent() && settings.platforms().isEmpty() && settings.format().isEmpty();
    Selection named =
        maybeEqual ? Selection.of(source.resolve(from)) : Selection.of(source.read(from));
    Digest digest = named.descriptor().digest();
    if (!from.digest().orElse(digest).equals(digest)) {
      throw new RuncibleException(
          ErrorKind.CORRUPT_DATA, from + " resolved to the other digest " + digest);
    }
    Selection selection = named.reduced(plan, settings);
    if (settings.format().isEmpty()) {
      checkDigest(selection.descriptor());
    }
    return selection;
  }

  private void checkDigest(Descriptor top) {
    if (!to.digest().orElse(top.digest()).equals(top.digest())) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "cannot copy " + from + " to " + to + ": its digest is " + top.digest());
    }
  }

  private boolean isPresent(Optional<Descriptor> there, Descriptor wanted) {
    return there.isPresent()
        && there.get().digest().equals(wanted.digest())
        && target.isWhole(to, there.get(), settings.parallel());
  }
}
