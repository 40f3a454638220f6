package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.RuncibleException;
import org.junit.jupiter.api.Test;

class ResolverFileTest {
  private static final String HOST =
      "# made by hand\nsearch one.example\nnameserver 192.0.2.1\nnameserver fd00::53\n"
          + "search two.example three.example\noptions edns0\n";

  @Test
  void hostsFileIsTaken() {
    ResolverFile file = ResolverFile.of(HOST, "", NameResolution.DEFAULT);
    assertThat(file.text())
        .isEqualTo(
            "search two.example three.example\nnameserver 192.0.2.1\nnameserver fd00::53\n"
                + "options edns0\n");
    assertThat(file.notes()).isEmpty();
  }

  @Test
  void localResolverIsReplacedByWhatItAsks() {
    ResolverFile file =
        ResolverFile.of(
            "nameserver 127.0.0.53\noptions edns0 trust-ad\n",
            "nameserver 192.0.2.1\nnameserver 192.0.2.2\n",
            NameResolution.DEFAULT);
    assertThat(file.text())
        .isEqualTo("nameserver 192.0.2.1\nnameserver 192.0.2.2\noptions edns0 trust-ad\n");
    assertThat(file.notes()).isEmpty();
  }

  @Test
  void serversOfTheHostAloneAreLeftOutWithANote() {
    ResolverFile file =
        ResolverFile.of(
            "nameserver 127.0.0.1\nnameserver ::1\nnameserver fe80::1%eth0\nnameserver 192.0.2.1\n",
            "", NameResolution.DEFAULT);
    assertThat(file.text()).isEqualTo("nameserver 192.0.2.1\n");
    assertThat(file.notes()).hasSize(3).anyMatch(note -> note.contains("127.0.0.1"));
  }

  @Test
  void withoutAServerNothingIsAsked() {
    ResolverFile file = ResolverFile.of("nameserver 127.0.0.53\n", "", NameResolution.DEFAULT);
    assertThat(file.text()).isEmpty();
    assertThat(file.notes()).singleElement().asString().contains("/etc/hosts");
  }

  @Test
  void whatIsGivenReplacesTheHosts() {
    NameResolution given =
        NameResolution.DEFAULT.withServer("192.0.2.9").withSearch("corp.example");
    assertThat(ResolverFile.of(HOST, "", given).text())
        .isEqualTo("search corp.example\nnameserver 192.0.2.9\noptions edns0\n");
  }

  @Test
  void nothingCanAddALine() {
    NameResolution names = NameResolution.DEFAULT;
    for (String text : new String[] {"", "a b", "a\nnameserver 192.0.2.66", "a\t"}) {
      assertThatThrownBy(() -> names.withHost(text, "192.0.2.1"))
          .isInstanceOf(RuncibleException.class);
      assertThatThrownBy(() -> names.withHost("a", text)).isInstanceOf(RuncibleException.class);
      assertThatThrownBy(() -> names.withServer(text)).isInstanceOf(RuncibleException.class);
      assertThatThrownBy(() -> names.withSearch(text)).isInstanceOf(RuncibleException.class);
      assertThatThrownBy(() -> names.withOption(text)).isInstanceOf(RuncibleException.class);
    }
  }
}
