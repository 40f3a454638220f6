package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Capabilities.Feature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the files of a host mean. */
class HostFeaturesTest {
  @TempDir private Path root;

  private void file(String path, String text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private HostFeatures host(String kernel, int uid, String... programs) {
    return new HostFeatures(root, kernel, uid, "bob", Set.of(programs)::contains);
  }

  private static Feature feature(HostFeatures host, String name) {
    return host.all().stream().filter(one -> one.name().equals(name)).findFirst().orElseThrow();
  }

  @Test
  void bareHostLacksAllAndSaysHowToGetIt() {
    HostFeatures host = host("5.4.0-1", 1000);
    assertThat(host.all()).noneMatch(Feature::available).allMatch(one -> !one.detail().isBlank());
    assertThat(feature(host, "overlay").detail()).contains("modprobe overlay");
    assertThat(feature(host, "cni").detail()).contains("containernetworking-plugins");
    assertThat(feature(host, "subordinate-ids").detail())
        .contains("/etc/subuid has no range for bob", "--add-subgids", "newuidmap", "newgidmap");
  }

  @Test
  void whatOfSubordinateIdsIsMissingIsNamedAlone() throws Exception {
    file("etc/subuid", "bob:100000:65536\n");
    file("etc/subgid", "other:100000:65536\n");
    HostFeatures host = host("6.1", 1000, "newuidmap", "newgidmap");
    assertThat(feature(host, "subordinate-ids").detail())
        .contains("/etc/subgid")
        .doesNotContain("/etc/subuid", "newuidmap is not");
    file("etc/subgid", "1000:100000:65537\n");
    assertThat(feature(host, "subordinate-ids"))
        .isEqualTo(new Feature("subordinate-ids", true, "65536 of users, 65537 of groups"));
    assertThat(feature(host("6.1", 1000, "newuidmap"), "subordinate-ids").detail())
        .startsWith("newgidmap is not installed");
    assertThat(feature(host("6.1", 0), "subordinate-ids").available()).isTrue();
    file("proc/self/status", "CapEff:\t0\nCapBnd:\t0\nNoNewPrivs:\t1\n");
    assertThat(feature(host("6.1", 1000, "newuidmap", "newgidmap"), "subordinate-ids").detail())
        .startsWith("set-id programs");
    assertThat(feature(host("6.1", 0), "id-mapped-mounts").detail()).contains("need root");
  }

  @Test
  void wholeHostHasThem() throws Exception {
    file("proc/filesystems", "nodev\tproc\nnodev\toverlay\n");
    file("proc/sys/kernel/seccomp/actions_avail", "kill_process");
    file("sys/module/apparmor/parameters/enabled", "Y\n");
    file("opt/cni/bin/bridge", "");
    file("usr/lib/cni/bridge", "");
    file("usr/lib/cni/portmap", "");
    HostFeatures host = host("6.1.0-13-amd64", 0);
    assertThat(host.all().stream().filter(one -> !one.available()).map(Feature::name))
        .containsExactly("selinux");
    assertThat(feature(host, "cni").detail()).isEqualTo("bridge portmap");
    // An ordinary user's overlay, and id-mapped mounts, came later.
    assertThat(feature(host("5.10.0", 1000), "overlay").detail()).contains("5.11");
    assertThat(feature(host("5.11.0", 1000), "overlay").available()).isTrue();
    assertThat(feature(host("5.11.0", 0), "id-mapped-mounts").detail()).contains("5.12");
    assertThat(feature(host("nonsense", 0), "id-mapped-mounts").available()).isFalse();
  }

  @Test
  void placesOfMountsMayHaveAnyName() throws Exception {
    file(
        "proc/self/mountinfo",
        """
        1 0 8:1 / / rw - ext4 /dev/a rw
        2 1 8:2 / /a\\040b\\134\\011\\012c rw - xfs /dev/b rw,prjquota
        3 1 8:3 / /no\\000path rw - xfs /dev/c rw,prjquota
        """);
    HostFeatures host = host("6.1", 0);
    assertThat(host.projectQuotas(Path.of("/a b\\\t\nc/d")).available()).isTrue();
    assertThat(host.projectQuotas(Path.of("/srv")).available()).isFalse();
  }

  @Test
  void projectQuotasAreThoseOfTheInnermostMount() throws Exception {
    file(
        "proc/self/mountinfo",
        """
        1 0 8:1 / / rw,relatime - ext4 /dev/a rw,prjquota
        2 1 8:2 / /var rw,relatime shared:1 - ext4 /dev/b rw
        3 2 8:3 / /var/lib/data rw - xfs /dev/c rw,attr2,pquota
        damaged
        """);
    HostFeatures host = host("6.1", 0);
    assertThat(host.projectQuotas(Path.of("/srv/x")).available()).isTrue();
    assertThat(host.projectQuotas(Path.of("/var/lib")).detail()).contains("/var/lib", "prjquota");
    assertThat(host.projectQuotas(Path.of("/var/lib/data/images")).available()).isTrue();
    assertThat(host("5.10", 0).projectQuotas(Path.of("/")).detail()).contains("5.14");
    assertThat(host("6.1", 7).projectQuotas(Path.of("/")).available()).isFalse();
  }
}
