package io.runcible.samples.cli;

import static io.runcible.samples.cli.Sample.runcible;
import static io.runcible.samples.cli.Sample.tool;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.Digest;
import io.runcible.layout.ImageLayout;
import io.runcible.samples.cli.Sample.Ended;
import io.runcible.serve.RegistryServer;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The commands that move images and need no engine; skopeo and umoci say what is right. */
class TransfersIT {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path directory;
  private ImageLayout layout;
  private RegistryServer registry;
  private String app;

  @BeforeEach
  void serve() throws Exception {
    layout = ImageLayout.create(directory.resolve("layout"));
    Sample.write(layout, "team/app:1.0", Sample.filesIn(directory));
    registry = RegistryServer.serve(layout).writable().start();
    app = registry.host() + "/team/app";
  }

  @AfterEach
  void close() {
    registry.close();
  }

  private String place() {
    return "docker://" + app + ":1.0";
  }

  private static Ended good(Object... arguments) {
    Ended ended = runcible(arguments);
    assertThat(ended.code()).as("%s", ended).isZero();
    return ended;
  }

  private static void assertOneLine(Ended ended, int code, String... words) {
    assertThat(ended.code()).as("%s", ended).isEqualTo(code);
    assertThat(ended.output()).isEmpty();
    assertThat(ended.errors()).contains(words);
    List<String> lines =
        ended.errors().lines().filter(line -> !line.matches("[0-9a-f]{12}  .* bytes .*")).toList();
    assertThat(lines).singleElement().asString().startsWith("runcible: ");
  }

  private static String digest(String raw) {
    return Digest.sha256(raw.getBytes(UTF_8)).toString();
  }

  /** The digest of what skopeo finds. */
  private static String found(String location) throws Exception {
    return digest(tool("skopeo", "inspect", "--tls-verify=false", "--raw", location));
  }

  @Test
  void inspectionIsSkopeos() throws Exception {
    JsonNode ours = JSON.readTree(good("inspect", "--json", place()).output());
    JsonNode theirs = JSON.readTree(tool("skopeo", "inspect", "--tls-verify=false", place()));
    assertThat(ours.path("digest")).isEqualTo(theirs.path("Digest"));
    assertThat(ours.path("environment")).isEqualTo(theirs.path("Env"));
    assertThat(ours.path("labels")).isEqualTo(theirs.path("Labels"));
    assertThat(ours.path("layers").findValues("digest"))
        .containsExactlyElementsOf(theirs.path("Layers"));
    assertThat(good("inspect", "--raw", place()).output())
        .isEqualTo(tool("skopeo", "inspect", "--tls-verify=false", "--raw", place()));
    assertThat(good("inspect", "--config", place()).output())
        .isEqualTo(tool("skopeo", "inspect", "--tls-verify=false", "--raw", "--config", place()));
  }

  @Test
  void whatAnImageSaysCannotSteerTheTerminal() {
    String output = good("inspect", place()).output();
    assertThat(output).contains("label=red?[31m next").doesNotContain("\u001b");
    assertThat(output).containsPattern("mediaType: +application/").contains("  A=b");
  }

  @Test
  void tagsAreThoseOfThePlace() throws Exception {
    good("copy", place(), "docker://" + app + ":2.0");
    assertThat(good("tags", app).output()).isEqualTo("TAG\n1.0\n2.0\n");
    assertThat(JSON.readTree(good("tags", "--json", app).output()).findValuesAsText("tag"))
        .containsExactly("1.0", "2.0");
    Path archive = directory.resolve("a.tar");
    good("copy", place(), "docker-archive:" + archive + ":any/app:3");
    assertThat(good("tags", "docker-archive:" + archive).output()).contains("any/app:3\n");
    good("copy", place(), "oci:" + directory.resolve("new") + ":four");
    assertThat(good("tags", "oci:" + directory.resolve("new")).output()).isEqualTo("TAG\nfour\n");
    assertOneLine(runcible("tags", "dir:" + directory), 125, "dir");
  }

  @Test
  void copyKeepsTheDigestEverywhere() throws Exception {
    String digest = found(place());
    for (String kind : List.of("oci:%s/l:app", "oci-archive:%s/l.tar:app", "dir:%s/d")) {
      String target = String.format(kind, directory);
      assertThat(good("copy", place(), target).output().strip()).isEqualTo(digest);
      assertThat(found(target)).isEqualTo(digest);
      String back = "docker://" + app + ":" + kind.substring(0, 3);
      assertThat(good("copy", target, back).output().strip()).isEqualTo(digest);
      assertThat(found(back)).isEqualTo(digest);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "zstd"})
  void copyCompresses(String form) throws Exception {
    String target = "oci:" + directory.resolve("new") + ":app";
    String digest = good("copy", "--compress", form, place(), target).output().strip();
    String raw = tool("skopeo", "inspect", "--raw", target);
    assertThat(digest(raw)).isEqualTo(digest);
    assertThat(raw).contains("layer.v1.tar+" + form);
  }

  @Test
  void syncBringsWhatIsMissing() throws Exception {
    good("copy", place(), "docker://" + app + ":2.0");
    good("copy", place(), "docker://" + app + ":other");
    Path tree = directory.resolve("sync");
    Object[] command = {
      "sync", "--json", "--src", "docker", "--dest", "dir", "--tags-semver", ">=1", app, tree
    };
    List<Object> dry = new ArrayList<>(List.of(command));
    dry.add("--dry-run");
    assertThat(outcomes(good(dry.toArray()))).containsExactly("pending", "pending");
    assertThat(tree).doesNotExist();
    assertThat(outcomes(good(command))).containsExactly("copied", "copied");
    assertThat(outcomes(good(command))).containsExactly("unchanged", "unchanged");
    for (String tag : List.of("1.0", "2.0")) {
      String copied = "dir:" + tree.resolve("app:" + tag);
      assertThat(found(copied)).isEqualTo(found(place()));
      tool("skopeo", "copy", copied, "oci:" + directory.resolve("whole" + tag) + ":x");
    }
    String mirror = registry.host() + "/mirror";
    assertThat(outcomes(good("sync", "--json", "--src", "dir", "--dest", "docker", tree, mirror)))
        .containsExactly("copied", "copied");
    assertThat(found("docker://" + mirror + "/app:1.0")).isEqualTo(found(place()));
    Path copies = directory.resolve("copies");
    good("sync", "--src", "docker", "--dest", "oci", "--tags-regex", "^o", app, copies);
    assertThat(good("tags", "oci:" + copies).output()).contains("team/app:other\n");
    good("sync", "--src", "oci", "--dest", "docker", "--scoped", copies, mirror);
    String scoped = mirror + "/" + app.replace(':', '_') + ":other";
    assertThat(found("docker://" + scoped)).isEqualTo(found(place()));
  }

  private static List<String> outcomes(Ended ended) throws Exception {
    return JSON.readTree(ended.output()).findValuesAsText("outcome");
  }

  @Test
  void failuresOfASyncAreCounted() throws Exception {
    Path list = directory.resolve("list.yaml");
    Files.writeString(
        list, registry.host() + ":\n  images:\n    team/app: ['1.0', 'none']\n", UTF_8);
    Path copies = directory.resolve("copies");
    Ended ended = runcible("sync", "--src", "yaml", "--dest", "oci", "--keep-going", list, copies);
    assertThat(ended.code()).isEqualTo(125);
    assertThat(ended.output()).contains("copied", "failed", "none");
    assertThat(ended.errors()).endsWith("runcible: 1 of 2 failed\n");
    assertOneLine(runcible("sync", "--src", "yaml", "--dest", "oci", list, copies), 125, "none");
  }

  @Test
  void allPlatformsOfAnIndexFitInADirectory() throws Exception {
    Path index = directory.resolve("index");
    tool("skopeo", "copy", "--tls-verify=false", place(), "oci:" + index + ":one");
    String entry = Files.readString(index.resolve("index.json"), UTF_8);
    String raw = entry.replaceFirst(",?\"annotations\":\\{[^}]*}", "");
    String digest = digest(raw);
    Files.writeString(index.resolve("blobs/sha256").resolve(digest.substring(7)), raw, UTF_8);
    Files.writeString(
        index.resolve("index.json"),
        "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":"
            + "\"application/vnd.oci.image.index.v1+json\",\"digest\":\""
            + digest
            + "\",\"size\":"
            + raw.length()
            + ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"all\"}}]}",
        UTF_8);
    Path tree = directory.resolve("sync");
    good("sync", "--src", "oci", "--dest", "dir", "--all", index, tree);
    String copied = "dir:" + tree.resolve("index:all");
    assertThat(found(copied)).isEqualTo(digest);
    good("copy", "--all", copied, "oci:" + directory.resolve("back") + ":all");
    assertThat(found("oci:" + directory.resolve("back") + ":all")).isEqualTo(digest);
  }

  @Test
  void deletionMindsOtherTags() {
    String digest = good("copy", place(), "docker://" + app + ":2.0").output().strip();
    String pinned = "docker://" + app + ":1.0@" + digest;
    assertOneLine(runcible("delete", pinned), 125, "2.0", "--also-tags");
    assertThat(good("tags", app).output()).isEqualTo("TAG\n1.0\n2.0\n");
    assertThat(good("delete", "docker://" + app + ":2.0").output()).isEqualTo(app + ":2.0\n");
    assertThat(good("tags", app).output()).isEqualTo("TAG\n1.0\n");
    good("copy", place(), "docker://" + app + ":3.0");
    assertThat(good("delete", "--also-tags", pinned).output())
        .isEqualTo(pinned.substring(9) + "\n" + app + ":1.0\n" + app + ":3.0\n");
    assertOneLine(runcible("inspect", place()), 125, app);
    assertOneLine(runcible("delete", "oci:" + directory), 125, "oci:");
  }

  private static InputStream input(String text) {
    return new ByteArrayInputStream(text.getBytes(UTF_8));
  }

  @Test
  void loginIsTriedKeptAndForgotten() throws Exception {
    Path file = directory.resolve("auth.json");
    try (RegistryServer closed = RegistryServer.serve(layout).user("jane", "pass word").start()) {
      String host = closed.host();
      Object[] login = {"login", "-u", "jane", "--password-stdin", "--authfile", file, host};
      assertOneLine(runcible(input("wrong\n"), login), 125, host);
      assertThat(file).doesNotExist();
      assertOneLine(runcible("login", "-u", "jane", host), 125, "--password-stdin");
      String image = host + "/team/app:1.0";
      assertOneLine(
          runcible("inspect", "docker://" + image, "--authfile", file), 125, file.toString());
      Ended kept = runcible(input("pass word\n"), login);
      assertThat(kept).isEqualTo(new Ended(0, "logged in to " + host + "\n", ""));
      good("inspect", "docker://" + image, "--authfile", file);
      tool("skopeo", "inspect", "--tls-verify=false", "--authfile", file, "docker://" + image);
      good("logout", "--authfile", file, host);
      assertOneLine(runcible("inspect", "docker://" + image, "--authfile", file), 125, image);
      assertOneLine(runcible("logout", "--authfile", file, host), 125, host);
    }
  }

  @Test
  void certificatesCanBeOfNoMatter() throws Exception {
    try (RegistryServer secure = RegistryServer.serve(layout).tls(selfSigned()).start()) {
      String image = secure.host().replace("127.0.0.1", "localhost") + "/team/app:1.0";
      assertOneLine(runcible("inspect", "docker://" + image), 125, image);
      good("inspect", "--tls-verify=false", "docker://" + image);
      Path target = directory.resolve("rootfs");
      good("unpack", "--tls-verify", "false", image, target);
      assertThat(target.resolve("etc/passwd")).exists();
    }
  }

  private SSLContext selfSigned() throws Exception {
    Path file = directory.resolve("keys");
    String keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
    tool(
        keytool,
        "-genkeypair",
        "-keyalg",
        "EC",
        "-dname",
        "CN=other",
        "-keystore",
        file,
        "-storepass",
        "secret",
        "-storetype",
        "PKCS12");
    KeyStore keys = KeyStore.getInstance(file.toFile(), "secret".toCharArray());
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, "secret".toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    return context;
  }

  @Test
  void unpackedTreeIsUmocis() throws Exception {
    Path ours = directory.resolve("ours");
    Ended ended = good("unpack", place(), ours);
    assertThat(ended.output().strip()).isEqualTo(found(place()));
    String image = directory.resolve("plain") + ":app";
    good("copy", place(), "oci:" + image);
    Path bundle = directory.resolve("bundle");
    boolean root = tool("id", "-u").equals("0\n");
    if (root) {
      tool("umoci", "unpack", "--image", image, bundle);
    } else {
      tool("umoci", "unpack", "--rootless", "--image", image, bundle);
    }
    assertThat(tree(ours)).isEqualTo(tree(bundle.resolve("rootfs"))).contains("etc/link");
    if (root) {
      assertThat(tree(ours)).contains("4751 12 34");
    }
    assertOneLine(runcible("unpack", place(), ours), 125, "not empty");
    assertThat(tree(ours)).contains("etc/link");
  }

  private static String tree(Path directory) throws Exception {
    return tool("find", directory, "-mindepth", "1", "-printf", "%P %y %m %U %G %s %l %n %T@\n")
        .lines()
        .sorted()
        .map(line -> line.replaceFirst("^(\\S+ d \\S+ \\S+ \\S+) .*", "$1"))
        .reduce("", (all, line) -> all + line + "\n");
  }

  @Test
  void hostileImagesLeaveNoDirectory() throws Exception {
    Path target = directory.resolve("rootfs");
    Path garbage = Files.write(directory.resolve("garbage"), new byte[] {1, 2, 3, 4});
    Sample.write(layout, "team/app:garbage", Sample.layer(garbage));
    assertOneLine(runcible("unpack", app + ":garbage", target), 125, "cannot unpack");
    assertThat(target).doesNotExist();
    Path climbing = directory.resolve("climbing.tar");
    tool(
        "tar",
        "-C",
        directory,
        "-P",
        "--transform",
        "s,.*,../../climbed,",
        "-cf",
        climbing,
        "garbage");
    Sample.write(layout, "team/app:climbing", Sample.layer(climbing));
    Path contained = directory.resolve("contained");
    good("unpack", app + ":climbing", contained);
    assertThat(contained.resolve("climbed")).exists();
    assertThat(directory.resolve("climbed")).doesNotExist();
    assertThat(directory.resolveSibling("climbed")).doesNotExist();
    Path lie = directory.resolve("layout/blobs/sha256").resolve(digestOf("layer.tar"));
    byte[] changed = Files.readAllBytes(lie);
    changed[changed.length / 2] ^= 1;
    Files.write(lie, changed);
    assertOneLine(runcible("unpack", place(), target), 125, "digest");
    assertThat(target).doesNotExist();
    Path truncated = directory.resolve("truncated.tar");
    Files.write(truncated, new byte[700]);
    assertOneLine(runcible("unpack", "docker-archive:" + truncated, target), 125, "truncated.tar");
    assertThat(target).doesNotExist();
  }

  private String digestOf(String file) throws Exception {
    return Digest.sha256(Files.readAllBytes(directory.resolve(file))).hex();
  }

  @Test
  void failuresAreOneLineAndHaveTheirCodes() {
    assertOneLine(runcible("inspect", "docker://" + app + ":none"), 125, app + ":none");
    assertOneLine(runcible("inspect", "oci:" + directory.resolve("none")), 125, "none");
    assertOneLine(runcible("copy", "x", "oci:y"), 125, "docker://x");
    assertOneLine(runcible("unpack", place(), directory.resolve("no/parent")), 125, "no/parent");
    assertOneLine(runcible("inspect"), 2, "runcible inspect --help");
    assertOneLine(runcible("nonsense"), 2, "nonsense");
    assertOneLine(runcible("copy", "--all", "--platform", "linux/amd64", "a", "b"), 2, "--all");
    assertOneLine(runcible("copy", "--level", "3", "a", "b"), 2, "--compress");
    assertOneLine(runcible("copy", "--all", place(), "store:app"), 2, "one platform");
    assertOneLine(runcible("sync", "--src", "moon", "--dest", "oci", "a", "b"), 2, "moon");
    assertOneLine(
        runcible("sync", "--src", "oci", "--dest", "oci", "--tags-regex", "a", "b", "c"),
        2,
        "--src");
  }

  @Test
  void theListOfCommandsIsWhole() {
    assertThat(good("--help").output()).isEqualTo(Cli.commandLine().getUsageMessage());
  }

  static List<CommandLine> commands() {
    return List.copyOf(Cli.commandLine().getSubcommands().values());
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandExplainsItself(CommandLine command) {
    Ended help = good(command.getCommandName(), "--help");
    assertThat(help.output()).startsWith("Usage: runcible " + command.getCommandName());
    assertThat(help.output().lines().count()).isGreaterThan(3);
  }
}
