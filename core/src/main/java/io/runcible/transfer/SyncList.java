package io.runcible.transfer;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import io.runcible.registry.Credentials;
import io.runcible.registry.RegistryClient;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Which images of which registries are to be kept in sync, in the form that {@code skopeo sync
 * --src yaml} reads:
 *
 * <pre>{@code
 * registry.example:
 *   images:
 *     team/app: ["1.0", "1.1", "sha256:…"]
 *     team/base: []                          # all tags
 *   images-by-tag-regex:
 *     team/tool: ^1\.13\.[12]-alpine$
 *   images-by-semver:
 *     team/db: ">= 3.12.0"
 *   credentials: {username: joe, password: secret}
 *   tls-verify: true
 *   cert-dir: /etc/certificates
 * }</pre>
 *
 * <p>Values are text, so that a tag 1.10 needs no quotes. Names that are not known, names that come
 * twice, anchors and aliases are refused. Regular expressions are Java's.
 *
 * @param registries in the order of the list; unmodifiable
 */
public record SyncList(List<Registry> registries) {
  private static final int MAX_SIZE = 1 << 20;
  private static final Set<String> FIELDS =
      Set.of(
          "images",
          "images-by-tag-regex",
          "images-by-semver",
          "credentials",
          "tls-verify",
          "cert-dir");

  /** Keeps a copy of the list. */
  public SyncList {
    registries = List.copyOf(registries);
  }

  /**
   * What is wanted of a registry, and how to get it.
   *
   * @param name as in a reference
   * @param repositories those that are wanted; unmodifiable
   * @param credentials those for this registry
   * @param tlsVerify false when it may be insecure
   * @param certificates the directory of its authorities and client certificates
   */
  public record Registry(
      String name,
      List<Repository> repositories,
      Optional<Credentials> credentials,
      Optional<Boolean> tlsVerify,
      Optional<Path> certificates) {
    /** Keeps a copy of the list. */
    public Registry {
      repositories = List.copyOf(repositories);
    }
  }

  /**
   * What is wanted of a repository.
   *
   * @param repository its tag does not matter
   * @param tags those that are wanted
   */
  public record Repository(ImageReference repository, TagFilter tags) {}

  /**
   * Reads a file of at most 1 MiB.
   *
   * @throws RuncibleException NOT_FOUND when there is none, UNAVAILABLE when it cannot be read,
   *     INVALID_INPUT, with the line, when it is not such a list
   */
  public static SyncList read(Path file) {
    try (InputStream content = Files.newInputStream(file)) {
      byte[] raw = content.readNBytes(MAX_SIZE + 1);
      if (raw.length > MAX_SIZE) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, file + " has more than " + MAX_SIZE + " bytes");
      }
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(raw)).toString();
      return parse(text, file.toString());
    } catch (CharacterCodingException e) {
      throw new RuncibleException(ErrorKind.INVALID_INPUT, file + " is not UTF-8", e);
    } catch (NoSuchFileException e) {
      throw new RuncibleException(ErrorKind.NOT_FOUND, "there is no file " + file, e);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  /**
   * Reads a list.
   *
   * @param name of the list, for messages
   * @throws RuncibleException INVALID_INPUT, with the line, when it is not such a list
   */
  public static SyncList parse(String yaml, String name) {
    List<Registry> registries = new ArrayList<>();
    YamlNode.parse(yaml, name)
        .fields()
        .forEach((registry, wanted) -> registries.add(registry(registry, wanted)));
    return new SyncList(registries);
  }

  private static Registry registry(String name, YamlNode node) {
    Map<String, YamlNode> fields = node.fields(FIELDS);
    List<Repository> repositories = new ArrayList<>();
    addAll(repositories, name, fields.get("images"), SyncList::named);
    addAll(
        repositories,
        name,
        fields.get("images-by-tag-regex"),
        value -> checked(value, TagFilter::matching));
    addAll(
        repositories,
        name,
        fields.get("images-by-semver"),
        value -> checked(value, TagFilter::versions));
    if (repositories.isEmpty()) {
      throw node.invalid("no image of " + name + " is named");
    }
    return new Registry(
        name,
        repositories,
        Optional.ofNullable(fields.get("credentials")).map(SyncList::credentials),
        Optional.ofNullable(fields.get("tls-verify")).map(YamlNode::flag),
        Optional.ofNullable(fields.get("cert-dir")).map(YamlNode::text).map(Path::of));
  }

  private static void addAll(
      List<Repository> repositories,
      String registry,
      @Nullable YamlNode node,
      Function<YamlNode, TagFilter> filter) {
    if (node != null) {
      node.fields()
          .forEach(
              (name, value) ->
                  repositories.add(
                      new Repository(repository(registry, name, value), filter.apply(value))));
    }
  }

  private static ImageReference repository(String registry, String name, YamlNode node) {
    try {
      ImageReference repository = ImageReference.parse(registry + "/" + name);
      if (name.contains(":") || name.contains("@")) {
        throw node.invalid("'" + name + "' should be a repository without a tag");
      }
      if (!repository.registry().equalsIgnoreCase(registry)) {
        throw node.invalid("'" + registry + "' is not the name of a registry");
      }
      return repository;
    } catch (RuncibleException e) {
      throw node.invalid(String.valueOf(e.getMessage()));
    }
  }

  private static TagFilter named(YamlNode node) {
    List<String> tags = new ArrayList<>();
    for (YamlNode item : node.items()) {
      tags.add(checked(item, SyncList::tag));
    }
    return tags.isEmpty() ? TagFilter.all() : TagFilter.of(tags);
  }

  private static String tag(String text) {
    return text.contains(":")
        ? Digest.parse(text).toString()
        : ImageReference.parse("registry.example/any").withTag(text).tag().orElseThrow();
  }

  private static <T> T checked(YamlNode node, Function<String, T> reading) {
    String text = node.text();
    try {
      return reading.apply(text);
    } catch (RuncibleException e) {
      throw node.invalid(String.valueOf(e.getMessage()));
    }
  }

  private static Credentials credentials(YamlNode node) {
    Map<String, YamlNode> fields = node.fields(Set.of("username", "password"));
    YamlNode username = fields.get("username");
    YamlNode password = fields.get("password");
    if (username == null || password == null) {
      throw node.invalid("'username' and 'password' should be here");
    }
    return Credentials.basic(username.text(), password.text());
  }

  /**
   * Gives a client the credentials and the certificates of the list, and has it take registries
   * with {@code tls-verify: false} as they are, see {@link RegistryClient.Builder#insecure}.
   *
   * @return the same
   */
  public RegistryClient.Builder configure(RegistryClient.Builder client) {
    for (Registry registry : registries) {
      String name = registry.name();
      registry.credentials().ifPresent(given -> client.credentials(name, given));
      registry.certificates().ifPresent(directory -> client.certificates(name, directory));
      if (!registry.tlsVerify().orElse(true)) {
        client.insecure(name);
      }
    }
    return client;
  }
}
