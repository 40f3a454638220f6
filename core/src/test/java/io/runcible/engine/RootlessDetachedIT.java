package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** An ordinary user's containers that outlive their JVM, and its holder. */
class RootlessDetachedIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  @BeforeAll
  static void needPrograms() {
    RootlessIT.needPrograms();
    HostTools.requireFile("/dev/net/tun", "kmod, and then: modprobe tun");
    HostTools.requireProgram("pasta", "passt");
  }

  @Test
  void areAdoptedAlsoWhenTheirHolderWasKilled() throws Exception {
    String reference = ENGINE.reference("busybox");
    String registry = reference.substring(0, reference.indexOf('/'));
    try (TestRoot root = TestRoot.create();
        TestUser user = TestUser.create(root.path(), true)) {
      LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
      leaks.begin();
      try (ChildJvm jvm =
          user.jvmWithTun("true", RootlessDetachedProgram.class, registry, "make")) {
        assertThat(jvm.line()).isEqualTo("released=true");
        assertThat(jvm.line()).isEqualTo("five=RUNNING");
        assertThat(jvm.line()).isEqualTo("children=[]");
        assertThat(jvm.line()).isEqualTo("running=5");
        jvm.kill();
      }
      List<ProcessHandle> holders = HostResources.holders(root.path());
      assertThat(holders).hasSize(1);
      holders.forEach(ProcessHandle::destroyForcibly);
      holders.forEach(holder -> holder.onExit().join());
      Path other = root.path().resolve("home/other");
      Map<String, String> said;
      try (ChildJvm jvm =
          user.jvmWithTun("true", RootlessDetachedProgram.class, registry, "adopt", other)) {
        said =
            jvm.rest().stream()
                .map(line -> line.split("=", 2))
                .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
        assertThat(jvm.waitFor()).as("%s", said).isZero();
      }
      assertThat(said)
          .containsEntry("other", "0")
          .containsEntry("names", "[four, one, three, two]")
          .containsEntry("one", "RUNNING up")
          .containsEntry("exec", "5")
          .containsEntry("ended", "Optional[41]")
          .containsEntry("again", "41")
          .containsEntry("two", "CREATED 42")
          .containsEntry("late", "late")
          .containsEntry("greeting", "hello")
          .containsEntry("stopped", "43")
          .containsEntry("greeting again", "hello")
          .containsEntry("restarts", "1")
          .containsEntry("killed", "true")
          .containsEntry("left", "0");
      leaks.verify();
      Path data = root.path().resolve("home/.local/share/runcible");
      assertThat(data.resolve("containers")).isEmptyDirectory();
      assertThat(data.resolve("journal")).isEmptyDirectory();
      assertThat(HostResources.holders(root.path())).isEmpty();
    }
  }
}
