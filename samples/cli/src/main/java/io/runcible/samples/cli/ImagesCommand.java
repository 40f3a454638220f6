package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageReference;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lists the images in the store. */
@Command(name = "images", description = "List the images.")
final class ImagesCommand extends EngineCommand {
  private static final String UNITS = "kMGTP";

  @Mixin private Table table = new Table();

  @Option(
      names = {"-q", "--quiet"},
      description = "Print the names alone.")
  private boolean quiet;

  @Option(
      names = {"-a", "--all"},
      description = "Accepted: images without a name are not kept.")
  @SuppressWarnings("UnusedVariable")
  private boolean all;

  @Option(
      names = {"--digests", "--no-trunc"},
      description = "Accepted: digests are always there, and whole.")
  @SuppressWarnings("UnusedVariable")
  private boolean digests;

  @Option(
      names = {"-f", "--filter"},
      paramLabel = "KEY=VALUE",
      description =
          "reference=PATTERN, label=KEY[=VALUE] or dangling=BOOLEAN; several have to fit together.")
  private List<String> filters = List.of();

  @Option(
      names = "--sort",
      paramLabel = "created|id|repository|size|tag",
      description = "Sort by this; by created and size the most first.")
  private @Nullable Order order;

  /** What images can be sorted by. */
  enum Order {
    CREATED,
    ID,
    REPOSITORY,
    SIZE,
    TAG
  }

  @Parameters(
      arity = "0..1",
      paramLabel = "NAME[:TAG]",
      description = "Of this name, or of one that ends with it.")
  private @Nullable String name;

  @Override
  int run(ContainerEngine engine) {
    List<Map.Entry<String, String>> rules = Filters.split(filters);
    table.titles("IMAGE", "DIGEST", "LAYERS", "BYTES");
    table.further("REPOSITORY", "TAG", "ID", "SIZE", "CREATED-AT");
    Map<ImageReference, Image> meant = new LinkedHashMap<>();
    for (ImageReference reference : engine.images().list()) {
      // Another process may remove it meanwhile.
      Optional<Image> image = engine.images().find(reference.toString());
      if (image.isPresent() && isMeant(reference, image.get(), rules)) {
        meant.put(reference, image.get());
      }
    }
    List<Map.Entry<ImageReference, Image>> shown = new ArrayList<>(meant.entrySet());
    if (order != null) {
      shown.sort(comparator(order));
    }
    shown.forEach(one -> add(one.getKey(), one.getValue()));
    if (quiet) {
      table.printFirst();
    } else {
      table.print();
    }
    return 0;
  }

  private static Comparator<Map.Entry<ImageReference, Image>> comparator(Order order) {
    return switch (order) {
      case CREATED ->
          Comparator.comparing(
                  (Map.Entry<ImageReference, Image> one) ->
                      one.getValue().config().created().orElse(Instant.EPOCH))
              .reversed();
      case ID -> Comparator.comparing(one -> one.getValue().config().digest().toString());
      case REPOSITORY -> Comparator.comparing(one -> one.getKey().name());
      case SIZE ->
          Comparator.comparing((Map.Entry<ImageReference, Image> one) -> bytes(one.getValue()))
              .reversed();
      case TAG -> Comparator.comparing(one -> one.getKey().tag().orElse(""));
    };
  }

  private static long bytes(Image image) {
    return image.manifest().layers().stream().mapToLong(Descriptor::size).sum();
  }

  private boolean isMeant(
      ImageReference reference, Image image, List<Map.Entry<String, String>> rules) {
    return (name == null || matches(reference, name))
        && rules.stream().allMatch(rule -> meets(reference, image, rule));
  }

  private static boolean meets(
      ImageReference reference, Image image, Map.Entry<String, String> rule) {
    return switch (rule.getKey()) {
      case "reference" -> matches(reference, rule.getValue());
      case "label" -> Filters.hasLabel(image.config().labels(), rule.getValue());
      case "dangling" -> !Filters.flag(rule);
      default -> throw Filters.unknown(rule.getKey(), "reference, label, dangling");
    };
  }

  /** The whole name, or its end after a slash, with the tag or without; both may have patterns. */
  static boolean matches(ImageReference reference, String pattern) {
    PathMatcher matcher = matcher(pattern);
    Path whole = Path.of(reference.toString());
    Path plain = Path.of(reference.name());
    for (int from = 0; from < whole.getNameCount(); from++) {
      if (matcher.matches(whole.subpath(from, whole.getNameCount()))
          || matcher.matches(plain.subpath(from, plain.getNameCount()))) {
        return true;
      }
    }
    return false;
  }

  private static PathMatcher matcher(String pattern) {
    try {
      return FileSystems.getDefault().getPathMatcher("glob:" + pattern);
    } catch (PatternSyntaxException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "'" + pattern + "' is no name and no pattern of names", e);
    }
  }

  private void add(ImageReference reference, Image image) {
    long bytes = bytes(image);
    table.row(
        reference,
        image.descriptor().digest(),
        image.manifest().layers().size(),
        bytes,
        reference.name(),
        reference.tag().orElse(""),
        image.config().digest(),
        size(bytes),
        image.config().created().map(Object::toString).orElse(""));
  }

  /** Such as 74.8MB, in powers of a thousand. */
  static String size(long bytes) {
    double value = bytes;
    int unit = -1;
    while (value >= 999.5 && unit < UNITS.length() - 1) {
      value /= 1000;
      unit++;
    }
    if (unit < 0) {
      return bytes + "B";
    }
    String digits = value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f";
    return String.format(Locale.ROOT, digits + "%cB", value, UNITS.charAt(unit));
  }
}
