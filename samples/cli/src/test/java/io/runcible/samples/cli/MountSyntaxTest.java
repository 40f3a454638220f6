package io.runcible.samples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.RuncibleException;
import io.runcible.archive.IdRange;
import io.runcible.engine.Mount;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MountSyntaxTest {
  private static Mount volume(String text) {
    return MountSyntax.volume(text, false);
  }

  private static Mount mount(String text) {
    return MountSyntax.mount(text, false);
  }

  @Test
  void sourceWithoutASlashIsAVolume() {
    Mount named = volume("data:/d:ro,nocopy");
    assertThat(named.kind()).isEqualTo(Mount.Kind.VOLUME);
    assertThat(named.name()).contains("data");
    assertThat(named.isReadOnly()).isTrue();
    assertThat(volume("/d").name()).isEmpty();
    Mount bind = volume("/src:/d:rslave");
    assertThat(bind.source()).contains(Path.of("/src"));
    assertThat(bind.propagation()).isEqualTo(Mount.Propagation.SLAVE);
    assertThat(volume("./x:/d").source()).contains(Path.of("./x").toAbsolutePath());
    assertThat(volume("/src:/d:O").kind()).isEqualTo(Mount.Kind.OVERLAY);
  }

  @Test
  void fieldsHaveTheNamesOfBoth() {
    Mount memory = mount("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=0700,ro");
    assertThat(memory.size()).hasValue(1 << 20);
    assertThat(memory.mode()).isEqualTo(0700);
    assertThat(memory.isReadOnly()).isTrue();
    Mount bind = mount("type=bind,src=/a,dst=/b,bind-propagation=shared,ro=false");
    assertThat(bind.propagation()).isEqualTo(Mount.Propagation.SHARED);
    assertThat(bind.isReadOnly()).isFalse();
    assertThat(mount("source=v,destination=/d").name()).contains("v");
    assertThat(mount("type=image,src=box:1,dst=/i").kind()).isEqualTo(Mount.Kind.IMAGE);
    assertThat(MountSyntax.tmpfs("/t:size=2k,mode=755").size()).hasValue(2048);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "type=tmpfs",
        "type=no,dst=/d",
        "type=bind,dst=/d",
        "dst=/d,destination=/e",
        "type=tmpfs,dst=/d,nocopy",
        "type=tmpfs,dst=/d,mode=9",
        "type=tmpfs,dst=/d,ro=maybe",
        "dst=relative",
        "dst=/d,unknown=1",
        "type=tmpfs,dst=/d,relabel=shared",
        "type=bind,src=/a,dst=/d,relabel=x"
      })
  void whatMeansNothingIsRefused(String text) {
    assertThatThrownBy(() -> mount(text)).isInstanceOf(RuncibleException.class);
  }

  @Test
  void labelsAreAskedForWhereThereAreSome() {
    for (String option : List.of("z", "Z")) {
      assertThat(MountSyntax.relabels("/a:/b:ro," + option)).isTrue();
      for (boolean labels : List.of(false, true)) {
        assertThat(MountSyntax.volume("/a:/b:" + option + ",ro", labels).isReadOnly()).isTrue();
        assertThat(MountSyntax.volume("v:/b:" + option, labels).name()).contains("v");
      }
    }
    assertThat(MountSyntax.relabels("/z:/Z:ro")).isFalse();
    assertThat(MountSyntax.mount("type=bind,src=/a,dst=/d,relabel=private", true).source())
        .contains(Path.of("/a"));
  }

  @Test
  void ownersAreMapped() {
    Mount mount = volume("/src:/d:idmap=uids=1000-0-1#2000-5-10;gids=100-0-1,ro");
    assertThat(mount.mappedUids())
        .containsExactly(new IdRange(0, 1000, 1), new IdRange(5, 2000, 10));
    assertThat(mount.mappedGids()).containsExactly(new IdRange(0, 100, 1));
    assertThat(mount.isReadOnly()).isTrue();
    Mount same = mount("type=bind,src=/a,dst=/d,idmap=uids=1000-0-1");
    assertThat(same.mappedGids()).containsExactly(new IdRange(0, 1000, 1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "1-2-3",
        "uids=",
        "uids=1-2",
        "uids=1-2-x",
        "uids=1-2-0",
        "gids=1-2-3",
        "uids=1-2-3;uids=1-2-3",
        "uids=1-2-3;x=1-2-3",
        "uids=1-2-3#1-9-1",
        "uids=-1-2-3"
      })
  void mappingThatIsNoneIsRefused(String mapping) {
    assertThatThrownBy(() -> volume("/a:/d:idmap=" + mapping))
        .isInstanceOf(RuncibleException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a:b:c:d", "v:/d:O", "v:/d:z,x", "/a:/d:nocopy", "a/b:/d", ":/d"})
  void wrongVolumeIsRefused(String text) {
    assertThatThrownBy(() -> volume(text)).isInstanceOf(RuncibleException.class);
  }
}
