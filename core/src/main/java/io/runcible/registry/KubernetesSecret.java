package io.runcible.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The content of a secret for pulling images, as the kubelet reads it: the keys may have a scheme
 * and a path, and an asterisk in parts of the host, which stands for anything but a dot.
 */
final class KubernetesSecret implements CredentialStore {
  private static final int MAX_SIZE = 1024 * 1024;
  private static final String WHAT = "the Kubernetes secret";

  private final List<Entry> entries;

  /**
   * One entry.
   *
   * @param host matches the host and port of a registry
   * @param path the beginning of a repository, with a slash in front; empty for all
   */
  private record Entry(String key, Pattern host, String path, Credentials credentials) {}

  /** Reads it; also in the older form without {@code auths} around the entries. */
  KubernetesSecret(byte[] json) {
    Optional<ObjectNode> root = json.length > MAX_SIZE ? Optional.empty() : Json.object(json);
    JsonNode all =
        root.orElseThrow(
            () -> invalid("it is not a JSON object of at most " + MAX_SIZE + " bytes"));
    JsonNode auths = all.has("auths") ? all.path("auths") : all;
    List<Entry> found = new ArrayList<>();
    auths
        .properties()
        .forEach(
            field ->
                AuthFile.credentials(WHAT, field.getKey(), field.getValue())
                    .ifPresent(credentials -> found.add(entry(field.getKey(), credentials))));
    // The longer path is the closer one, and of hosts the one with less asterisks.
    found.sort(
        Comparator.comparingInt((Entry entry) -> -entry.path().length())
            .thenComparing(entry -> entry.key().chars().filter(c -> c == '*').count())
            .thenComparing(Entry::key));
    entries = List.copyOf(found);
  }

  private static Entry entry(String key, Credentials credentials) {
    String rest = key.replaceFirst("^https?://", "");
    int slash = rest.indexOf('/');
    String host = slash < 0 ? rest : rest.substring(0, slash);
    String path = slash < 0 ? "" : rest.substring(slash).replaceFirst("/+$", "");
    boolean docker = host.equals("index.docker.io") || host.equals("docker.io");
    // The versions of the API that older keys name are no repository.
    boolean version = path.equals("/v1") || path.equals("/v2");
    return new Entry(key, pattern(docker ? "docker.io" : host), version ? "" : path, credentials);
  }

  private static Pattern pattern(String host) {
    StringBuilder pattern = new StringBuilder();
    for (String text : host.split("((?<=\\*)|(?=\\*))", -1)) {
      pattern.append(text.equals("*") ? "[^.:]*" : Pattern.quote(text));
    }
    return Pattern.compile(pattern.toString(), Pattern.CASE_INSENSITIVE);
  }

  @Override
  public Optional<Credentials> find(String registry, String repository) {
    String path = "/" + repository;
    return entries.stream()
        .filter(entry -> entry.host().matcher(registry).matches())
        .filter(entry -> path.equals(entry.path()) || path.startsWith(entry.path() + "/"))
        .map(Entry::credentials)
        .findFirst();
  }

  @Override
  public String description() {
    return WHAT + " for " + entries.stream().map(Entry::key).collect(Collectors.joining(", "));
  }

  private static RuncibleException invalid(String reason) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, "cannot read " + WHAT + ": " + reason);
  }
}
