package io.runcible.image;

import io.runcible.Digest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Names a layer together with all layers below it (OCI image specification, "Layer ChainID"). */
public final class ChainId {
  private ChainId() {}

  /** The chainId of each layer, the lowest first. */
  public static List<Digest> of(List<Digest> diffIds) {
    List<Digest> chain = new ArrayList<>();
    for (Digest diffId : diffIds) {
      if (chain.isEmpty()) {
        chain.add(diffId);
      } else {
        String pair = chain.get(chain.size() - 1) + " " + diffId;
        chain.add(Digest.sha256(pair.getBytes(StandardCharsets.UTF_8)));
      }
    }
    return List.copyOf(chain);
  }
}
