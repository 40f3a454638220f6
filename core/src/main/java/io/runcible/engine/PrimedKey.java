package io.runcible.engine;

import io.runcible.Digest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a primed state depends on, as one text without two readings, and its digest. */
final class PrimedKey {
  /** Another one when states are made or told apart in another way. */
  private static final String VERSION = "2";

  private final List<String> parts = new ArrayList<>();

  private PrimedKey() {}

  /**
   * The key, in hexadecimal digits.
   *
   * @param image what the name of the spec's image stands for
   */
  static String of(Digest image, ContainerSpec spec, Priming priming) {
    PrimedKey key = new PrimedKey();
    key.add(VERSION, image.toString(), priming.name());
    key.add(priming.inputs());
    key.add(spec.entrypoint());
    key.add(spec.command());
    key.add(
        spec.environment().entrySet().stream()
            .sorted(Map.Entry.comparingByKey())
            .map(Object::toString)
            .toList());
    key.add(String.valueOf(spec.user()));
    key.add(String.valueOf(spec.workingDirectory()), String.valueOf(spec.hostname()));
    spec.mounts().forEach(key::add);
    return key.digest();
  }

  private void add(String... more) {
    parts.addAll(List.of(more));
  }

  /** After their number: what follows is none of them. */
  private void add(List<String> list) {
    parts.add(String.valueOf(list.size()));
    parts.addAll(list);
  }

  private void add(Optional<List<String>> list) {
    parts.add(String.valueOf(list.isPresent()));
    list.ifPresent(this::add);
  }

  private void add(Mount mount) {
    add(mount.kind().name(), mount.source().toString(), mount.name().toString());
    add(mount.destination(), mount.isReadOnly() + " " + mount.isFilled() + " " + mount.mode());
    add(mount.mappedUids().toString(), mount.mappedGids().toString());
    add(mount.kind() == Mount.Kind.FILE ? Digest.sha256(mount.content()).toString() : "");
  }

  private String digest() {
    StringBuilder text = new StringBuilder();
    parts.forEach(part -> text.append(part.length()).append(':').append(part));
    return Digest.sha256(text.toString().getBytes(StandardCharsets.UTF_8)).hex();
  }
}
