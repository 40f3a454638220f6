package io.runcible.network;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
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

  @Test
  void ruleComesLast() throws IOException {
    assertThat(ForeignFirewall.place("ip", List.of())).isEqualTo("add rule ip filter FORWARD");
    assertThat(ForeignFirewall.place("ip", rules("[" + MATCH + ",{\"drop\":null}]")))
        .isEqualTo("add rule ip filter FORWARD");
    assertThat(
            ForeignFirewall.place("ip6", rules("[{\"counter\":{}},{\"jump\":{\"target\":\"a\"}}]")))
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
      assertThat(ForeignFirewall.place("ip", rules("[{\"accept\":null}]", end)))
          .isEqualTo("insert rule ip filter FORWARD handle 2");
    }
  }
}
