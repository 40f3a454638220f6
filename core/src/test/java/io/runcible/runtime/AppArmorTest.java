package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AppArmorTest {
  @TempDir Path sys;

  private AppArmor enabled(String profiles) throws IOException {
    write("module/apparmor/parameters/enabled", "Y\n");
    write("kernel/security/apparmor/profiles", profiles);
    return AppArmor.below(sys);
  }

  private void write(String file, String text) throws IOException {
    Files.createDirectories(sys.resolve(file).getParent());
    Files.writeString(sys.resolve(file), text);
  }

  private static void assertFails(AppArmor armor, String profile, ErrorKind kind) {
    assertThatThrownBy(() -> armor.require(profile))
        .isInstanceOfSatisfying(RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(kind));
  }

  @Test
  void loadedProfileIsPassedOn() throws IOException {
    AppArmor armor = enabled("/usr/bin/man (enforce)\nbox (one) (complain)\nbox (enforce)\n");
    assertThat(armor.isEnabled()).isTrue();
    assertThat(armor.require("box")).contains("box");
    assertThat(armor.require("box (one)")).contains("box (one)");
    assertThat(armor.require("unconfined")).contains("unconfined");
  }

  @Test
  void otherProfilesAreRefused() throws IOException {
    AppArmor armor = enabled("box (enforce)\n");
    for (String wrong : new String[] {"bo", "box (enforce)", "box\n", "", " ", "other"}) {
      assertFails(armor, wrong, ErrorKind.INVALID_INPUT);
    }
  }

  @Test
  void hostWithoutAppArmorHasNoProfiles() throws IOException {
    assertThat(AppArmor.below(sys).require("unconfined")).isEmpty();
    assertFails(AppArmor.below(sys), "box", ErrorKind.UNSUPPORTED);
    write("module/apparmor/parameters/enabled", "N\n");
    assertFails(AppArmor.below(sys), "box", ErrorKind.UNSUPPORTED);
  }
}
