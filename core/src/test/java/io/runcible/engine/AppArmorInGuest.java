package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.Tool;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Profiles of AppArmor. For the guest of {@code src/test/guest}. */
class AppArmorInGuest {
  private static final String LABEL = "cat /proc/self/attr/current";
  private static final String PROFILE =
      """
      profile runcible-test flags=(attach_disconnected,mediate_deleted) {
        file, network, capability, signal, ptrace, mount, umount, pivot_root, unix, dbus,
        deny /etc/passwd w,
      }
      """;

  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  @TempDir static Path directory;

  @BeforeAll
  static void loadProfile() throws Exception {
    HostTools.requireRoot();
    Path file = Files.writeString(directory.resolve("profile"), PROFILE);
    Tool.require("apparmor_parser", "apparmor").run("--replace", file);
  }

  @AfterAll
  static void unloadProfile() throws Exception {
    Tool.require("apparmor_parser", "apparmor").run("--remove", directory.resolve("profile"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"runc", "crun"})
  void containerAndItsProcessesAreHeldToTheProfile(String runtime) {
    try (ContainerEngine engine = ENGINE.root().engine().runtime(runtime).build();
        Container container =
            engine.run(ENGINE.sh("sleep 600").apparmorProfile("runcible-test").build())) {
      String script = LABEL + "; echo x >/etc/group && echo y >/etc/passwd";
      TestEngine.Ended ended = TestEngine.ended(container.exec("sh", "-c", script));
      assertThat(ended.stdout().strip()).isEqualTo("runcible-test (enforce)");
      assertThat(ended.stderr()).contains("/etc/passwd").contains("Permission denied");
    }
  }

  @Test
  void noProfileIsTheDefault() {
    assertThat(ENGINE.run(ENGINE.sh(LABEL)).output()).isEqualTo("unconfined");
    assertThat(ENGINE.run(ENGINE.sh(LABEL).apparmorProfile("unconfined")).output())
        .isEqualTo("unconfined");
  }

  @Test
  void profileThatIsNotLoadedIsRefused() {
    RunIT.assertFails(
        () -> ENGINE.run(ENGINE.sh("true").apparmorProfile("no-such-profile")),
        ErrorKind.INVALID_INPUT,
        "no-such-profile",
        "apparmor_parser");
  }
}
