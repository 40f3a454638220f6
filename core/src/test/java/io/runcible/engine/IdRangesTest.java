package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.IdRange;
import io.runcible.ffi.IdMapping;
import io.runcible.image.ImageConfig;
import io.runcible.image.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ids of containers that nobody else has. */
class IdRangesTest {
  /** The end of what is given without a grant. */
  private static final long END = 2_147_352_576L;

  /** Of an ordinary user, as its process sees it. */
  private static final IdMapping PLACE =
      new IdMapping(
          "         0       1000          1\n         1     100000      65536\n",
          "         0       1000          1\n         1     100000          2\n");

  @TempDir Path etc;
  @TempDir Path containers;
  @TempDir Path others;

  @BeforeEach
  void noGrants() throws IOException {
    grant("");
  }

  private void grant(String lines) throws IOException {
    Files.writeString(etc.resolve("subuid"), lines);
    Files.writeString(etc.resolve("subgid"), lines);
  }

  /** Makes a container with ids that it chooses. */
  private IdMaps take(String id, UserNamespace wanted) {
    return take(containers, id, wanted);
  }

  private IdMaps take(Path store, String id, UserNamespace wanted) {
    return new IdRanges(() -> PLACE, store, etc, etc.resolve("run/stores"))
        .with(wanted, ids -> made(store, id, ids));
  }

  private static IdMaps made(Path store, String id, IdMaps ids) {
    ContainerSpec spec = ContainerSpec.builder("registry.example/box:1").build();
    ContainerDirectory directory = ContainerDirectory.of(store, id);
    try {
      Files.createDirectories(directory.path());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    new ContainerRecord(
            id,
            id,
            id,
            spec.image().toString(),
            List.of(),
            "",
            15,
            false,
            0,
            List.of(),
            ContainerOptions.of(spec, ImageConfig.builder(Platform.host()).build(), Map.of()),
            ContainerStorage.NONE,
            ids)
        .write(directory);
    return ids;
  }

  private static long start(IdMaps ids) {
    assertThat(ids.uids()).hasSize(1);
    assertThat(ids.uids().get(0).inside()).isZero();
    assertThat(ids.gids()).isEqualTo(ids.uids());
    return ids.uids().get(0).outside();
  }

  @Test
  void theHighestThatIsFreeIsTaken() throws IOException {
    assertThat(start(take("a", UserNamespace.auto()))).isEqualTo(END - 65536);
    assertThat(start(take("b", UserNamespace.auto(10)))).isEqualTo(END - 65546);
    assertThat(start(take("c", UserNamespace.auto()))).isEqualTo(END - 2 * 65536 - 10);
    Files.delete(containers.resolve("a/container.json"));
    assertThat(start(take("d", UserNamespace.auto(65537)))).isLessThan(END - 3 * 65536);
    assertThat(start(take("e", UserNamespace.auto()))).isEqualTo(END - 65536);
    try (var files = Files.list(containers)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("a", "b", "c", "d", "e");
    }
  }

  @Test
  void whatOtherStoresHaveIsLeftAlone() throws IOException {
    assertThat(start(take("a", UserNamespace.auto(10)))).isEqualTo(END - 10);
    assertThat(start(take(others, "a", UserNamespace.auto(10)))).isEqualTo(END - 20);
    assertThat(start(take("b", UserNamespace.auto(10)))).isEqualTo(END - 30);
    // A record that cannot be read hides no other one, and hinders nobody.
    Files.writeString(
        Files.createDirectory(others.resolve("broken")).resolve("container.json"), "{");
    assertThat(start(take("c", UserNamespace.auto(10)))).isEqualTo(END - 40);
    try (var links = Files.list(etc.resolve("run/stores"))) {
      assertThat(links).hasSize(2);
    }
    Files.move(others, containers.resolve(".moved"));
    assertThat(start(take("d", UserNamespace.auto(10)))).isEqualTo(END - 20);
    try (var links = Files.list(etc.resolve("run/stores"))) {
      assertThat(links).hasSize(1);
    }
    Files.move(containers.resolve(".moved"), others);
  }

  @Test
  void whatTheKernelWouldNotReadIsRefused() {
    List<IdRange> many = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      many.add(new IdRange(i, 1_000_000_000L + 10L * i, 1));
    }
    List<IdRange> fitting = many.subList(0, 200);
    assertThat(UserNamespace.mapped(fitting, fitting).uids()).isEqualTo(fitting);
    for (List<IdRange> wrong : List.of(many, List.of(new IdRange(0, 0, 1L << 31)))) {
      assertThatThrownBy(() -> UserNamespace.mapped(fitting, wrong))
          .isInstanceOfSatisfying(
              RuncibleException.class,
              e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
    }
  }

  @Test
  void whatSomebodyWasGrantedIsLeftAlone() throws IOException {
    grant(
        "alice:%d:65536%nbob:2100000000:47252576%nbroken:x:y%n:::%n-1:2%nalso:1:99999999999%n"
            .formatted(END - 70000));
    assertThat(start(take("a", UserNamespace.auto(4000)))).isEqualTo(END - 4000);
    assertThat(start(take("b", UserNamespace.auto(100)))).isEqualTo(END - 4100);
    // Below all that is bob's.
    assertThat(start(take("c", UserNamespace.auto(70000)))).isEqualTo(2_100_000_000L - 70000);
  }

  @Test
  void whatContainersWereGrantedIsTaken() throws IOException {
    grant("alice:100000:65536\ncontainers:200000:100\ncontainers:300000:70000\n");
    assertThat(start(take("a", UserNamespace.auto()))).isEqualTo(370000 - 65536);
    assertThat(start(take("b", UserNamespace.auto(100)))).isEqualTo(200000);
    assertThat(start(take("c", UserNamespace.auto(4464)))).isEqualTo(300000);
    assertThatThrownBy(() -> take("d", UserNamespace.auto(2)))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNAVAILABLE))
        .hasMessageContaining("subuid")
        .hasMessageContaining("containers");
    assertThat(take("e", UserNamespace.host())).isEqualTo(IdMaps.HOST);
  }

  @Test
  void groupsNeedNotBeAsUsers() throws IOException {
    Files.writeString(etc.resolve("subuid"), "containers:200000:100\n");
    Files.writeString(etc.resolve("subgid"), "containers:300000:100\n");
    IdMaps ids = take("a", UserNamespace.auto(100));
    assertThat(ids.rootUid()).isEqualTo(200000);
    assertThat(ids.rootGid()).isEqualTo(300000);
    assertThat(ids.lines().uids()).isEqualTo("0 200000 100\n");
  }

  @Test
  void aMountIsMappedToIdsOfTheContainer() {
    List<IdRange> own = List.of(new IdRange(0, 1000, 10), new IdRange(10, 5000, 10));
    IdMaps ids = new IdMaps(own, own);
    List<IdRange> wanted = List.of(new IdRange(5, 100, 10));
    assertThat(ids.ofMount(wanted, wanted).uids()).isEqualTo("100 1005 5\n105 5000 5\n");
    assertThat(IdMaps.HOST.ofMount(wanted, wanted).uids()).isEqualTo("100 5 10\n");
    List<IdRange> more = new ArrayList<>(wanted);
    more.add(new IdRange(19, 200, 2));
    assertThatThrownBy(() -> ids.ofMount(more, wanted))
        .isInstanceOf(RuncibleException.class)
        .hasMessageContaining("lacks");
  }

  @Test
  void keptIdIsTheCallersAndTheOthersAreInOrder() {
    IdMaps kept = take("a", UserNamespace.keepId(1000, 100));

    assertThat(kept.nested()).isTrue();
    assertThat(kept.uids())
        .containsExactly(
            new IdRange(0, 1, 1000), new IdRange(1000, 0, 1), new IdRange(1001, 1001, 64536));
    // There are two further groups alone.
    assertThat(kept.gids()).containsExactly(new IdRange(0, 1, 2), new IdRange(100, 0, 1));
    IdMaps root = take("b", UserNamespace.keepId(0, 2));
    assertThat(root.uids()).containsExactly(new IdRange(0, 0, 1), new IdRange(1, 1, 65536));
    assertThat(root.gids()).containsExactly(new IdRange(0, 1, 2), new IdRange(2, 0, 1));
  }

  @Test
  void keptIdIsNoNegativeNumber() {
    RunIT.assertFails(() -> UserNamespace.keepId(-1, 0), ErrorKind.INVALID_INPUT);
    RunIT.assertFails(() -> UserNamespace.keepId(0, Integer.MAX_VALUE), ErrorKind.INVALID_INPUT);
    assertThat(UserNamespace.keepId(7, 8)).hasToString("keep-id:uid=7,gid=8");
    assertThat(UserNamespace.keepId()).hasToString("keep-id");
  }
}
