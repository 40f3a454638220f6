package io.runcible.registry;

import io.runcible.image.ImageReference;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What one or several registries.conf say. Immutable.
 *
 * @param tables the {@code [[registry]]} tables by their prefix
 * @param aliases full names, without tag and digest, by short ones; an empty one takes an alias of
 *     an earlier file away
 * @param searched the registries for short names, when any file says
 * @param helpers the credential helpers, when any file says
 */
record RegistriesConf(
    Map<String, RegistryTable> tables,
    Map<String, String> aliases,
    Optional<List<String>> searched,
    Optional<List<String>> helpers) {
  static final RegistriesConf EMPTY =
      new RegistriesConf(Map.of(), Map.of(), Optional.empty(), Optional.empty());

  RegistriesConf {
    tables = Map.copyOf(tables);
    aliases = Map.copyOf(aliases);
  }

  /**
   * A place where an image may be.
   *
   * @param reference its name there
   * @param remap how that comes about
   * @param insecure whether to do without verified TLS; empty when nothing is said
   * @param blockedBy the table that forbids this place
   */
  record Source(
      ImageReference reference,
      Remap remap,
      Optional<Boolean> insecure,
      Optional<RegistryTable> blockedBy) {}

  /** This one, changed by a later file. */
  RegistriesConf overriddenBy(RegistriesConf later) {
    Map<String, RegistryTable> allTables = new LinkedHashMap<>(tables);
    allTables.putAll(later.tables);
    Map<String, String> allAliases = new LinkedHashMap<>(aliases);
    allAliases.putAll(later.aliases);
    return new RegistriesConf(
        allTables, allAliases, later.searched.or(() -> searched), later.helpers.or(() -> helpers));
  }

  /** The table for a reference, or for a registry alone: that with the longest match. */
  Optional<RegistryTable> table(String reference) {
    if (tables.isEmpty()) {
      return Optional.empty(); // The usual case, asked several times for every blob.
    }
    return tables.values().stream()
        .filter(table -> table.match(reference) >= 0)
        .max((a, b) -> compare(a, b, reference));
  }

  /** Those of Comparator are no part of an archive of classes, and take milliseconds to be made. */
  private static int compare(RegistryTable a, RegistryTable b, String reference) {
    int match = Integer.compare(a.match(reference), b.match(reference));
    // A host itself is closer than a wildcard for it.
    int exact =
        Boolean.compare(
            !RegistryTable.isWildcard(a.prefix()), !RegistryTable.isWildcard(b.prefix()));
    return match != 0
        ? match
        : exact != 0 ? exact : Integer.compare(a.prefix().length(), b.prefix().length());
  }

  /** Where to write an image, and what is asked last when it is read. */
  Source location(ImageReference reference) {
    Optional<RegistryTable> table = table(reference.toString());
    Remap remap =
        table
            .flatMap(RegistryTable::location)
            .map(location -> table.get().remap(reference, location))
            .orElse(Remap.NONE);
    return source(reference, remap, table.flatMap(RegistryTable::insecure), table);
  }

  /** Where to read an image, in this order; the last one is its location. */
  List<Source> sources(ImageReference reference) {
    List<Source> sources = new ArrayList<>();
    Optional<RegistryTable> table = table(reference.toString());
    table.ifPresent(
        found -> {
          for (RegistryTable.Mirror mirror : found.mirrors()) {
            if (mirror.use().covers(reference)) {
              Remap remap = found.remap(reference, mirror.location());
              sources.add(source(reference, remap, mirror.insecure(), table));
            }
          }
        });
    sources.add(location(reference));
    return sources;
  }

  /** What decides is what is said of the effective name, too; of two opinions the stricter one. */
  private Source source(
      ImageReference reference,
      Remap remap,
      Optional<Boolean> insecure,
      Optional<RegistryTable> logical) {
    ImageReference effective = remap.apply(reference);
    Optional<RegistryTable> table = table(effective.toString());
    Optional<Boolean> there = table.flatMap(RegistryTable::insecure);
    return new Source(
        effective,
        remap,
        insecure.map(mine -> mine && there.orElse(true)).or(() -> there),
        logical.filter(RegistryTable::blocked).or(() -> table.filter(RegistryTable::blocked)));
  }
}
