package io.runcible.network;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ForeignFirewallTest {
  private static List<JsonNode> rules(String... expressions) throws IOException {
    List<JsonNode> rules = new ArrayList<>();
    for (String expression : expressions) {
      String rule = "{\"handle\":" + (rules.size() + 1) + ",\"expr\":" + expression + "}";
      rules.add(JsonMapper.builder().build().readTree(rule));
    }
    return rules;
  }

  private static final String MATCH =
      "{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":\"iifname\"}},\"right\":\"eth0\"}}";

  private static String place(String family, List<JsonNode> rules) {
    return ForeignFirewall.place(family, rules, Map.of());
  }

  @Test
  void ruleComesLast() throws IOException {
    assertThat(place("ip", List.of())).isEqualTo("add rule ip filter FORWARD");
    assertThat(place("ip", rules("[" + MATCH + ",{\"drop\":null}]")))
        .isEqualTo("add rule ip filter FORWARD");
    assertThat(place("ip6", rules("[{\"counter\":{}},{\"jump\":{\"target\":\"a\"}}]")))
        .isEqualTo("add rule ip6 filter FORWARD");
  }

  @Test
  void ruleComesBeforeOneThatRefusesAll() throws IOException {
    for (String end :
        new String[] {
          "[{\"drop\":null}]",
          "[{\"counter\":{\"packets\":0}},{\"reject\":null}]",
          "[{\"counter\":{}},{\"xt\":null}]",
          "[{\"counter\":{}},{\"xt\":{\"type\":\"target\",\"name\":\"REJECT\"}}]"
        }) {
      assertThat(place("ip", rules("[{\"accept\":null}]", end)))
          .isEqualTo("insert rule ip filter FORWARD handle 2");
    }
  }

  private static final String REJECT =
      "[{\"counter\":{}},{\"xt\":{\"type\":\"target\",\"name\":\"REJECT\"}}]";

  private static String jump(String chain) {
    return "[{\"counter\":{}},{\"jump\":{\"target\":\"" + chain + "\"}}]";
  }

  /** As ufw has them; {@code track} comes after {@code reject}. */
  private static String placeWith(String... rejecting) throws IOException {
    List<JsonNode> forward = rules(jump("before"), jump("reject"), jump("track"));
    Map<String, List<JsonNode>> chains =
        Map.of("FORWARD", forward, "before", rules(jump("user")), "reject", rules(rejecting));
    return ForeignFirewall.place("ip", forward, chains);
  }

  @Test
  void ruleComesBeforeTheChainThatRefusesAll() throws IOException {
    String before = "insert rule ip filter FORWARD handle 2";
    assertThat(placeWith(REJECT)).isEqualTo(before);
    assertThat(placeWith("[" + MATCH + ",{\"return\":null}]", "[{\"drop\":null}]"))
        .isEqualTo(before);
  }

  @Test
  void chainThatLetsSomePassIsNoEnd() throws IOException {
    String last = "add rule ip filter FORWARD";
    assertThat(placeWith()).isEqualTo(last);
    assertThat(placeWith("[" + MATCH + ",{\"drop\":null}]")).isEqualTo(last);
    assertThat(placeWith("[{\"counter\":{}},{\"return\":null}]", REJECT)).isEqualTo(last);
    // What has no name may write to the log.
    assertThat(placeWith("[{\"counter\":{}},{\"xt\":null}]")).isEqualTo(last);
  }

  @Test
  void olderPacketFilterHasTheSamePlaces() {
    List<String> rules =
        List.of(
            "-P FORWARD DROP",
            "-N reject",
            "-A INPUT -j reject",
            "-A FORWARD -j before",
            "-A FORWARD -i eth0 -j reject",
            "-A FORWARD -j reject",
            "-A FORWARD -j track",
            "-A before -j user",
            "-A reject -i eth0 -j RETURN");
    assertThat(LegacyFirewall.place(rules)).isEqualTo(5);
    for (String end : List.of("REJECT --reject-with icmp-port-unreachable", "DROP")) {
      List<String> refusing = new ArrayList<>(rules);
      refusing.add("-A reject -j " + end);
      assertThat(LegacyFirewall.place(refusing)).isEqualTo(3);
      refusing.add(8, "-A reject -j RETURN");
      assertThat(LegacyFirewall.place(refusing)).isEqualTo(5);
    }
    assertThat(LegacyFirewall.place(List.of("-A FORWARD -j DROP"))).isEqualTo(1);
    assertThat(LegacyFirewall.place(List.of())).isEqualTo(1);
  }
}
