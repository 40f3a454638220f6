package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.NetworkNamespace;
import io.runcible.ffi.PrivilegedHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tries what an ordinary user's bridge networks are made of, in a network namespace for it. */
final class BridgeProbe {
  private static final String TABLE =
      """
      table inet runcible_probe {
        chain postrouting { type nat hook postrouting priority srcnat; }
      }
      """;
  private static final String DEVICE = "rcprobe";

  private BridgeProbe() {}

  /**
   * Throws UNSUPPORTED, with what is missing and how to get it, unless they work; whether there is
   * a way out is another question.
   */
  static void run(PrivilegedHost host) {
    Path pin = null;
    try {
      pin = Files.createTempFile("runcible-probe-", "");
      try (NetworkNamespace made = host.createNetworkNamespace(pin)) {
        require("bridge veth", () -> make(made));
        List<String> nft = host.command(pin, List.of(Nft.PROGRAM, "-f", "-"));
        require("nf_tables nft_chain_nat", () -> HostCommand.run(nft, TABLE, "make a filter"));
      } finally {
        host.unmount(pin);
      }
    } catch (RuncibleException e) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "an ordinary user's bridge networks do not work here: " + e.getMessage(),
          e);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make a temporary file", e);
    } finally {
      delete(pin);
    }
  }

  /** Does what takes modules of the kernel, which not every kernel loads by itself. */
  private static void require(String modules, Runnable work) {
    try {
      work.run();
    } catch (RuncibleException e) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED, e.getMessage() + "; as root: modprobe -a " + modules, e);
    }
  }

  private static void make(NetworkNamespace made) {
    byte[] mac = MacAddress.derived(DEVICE);
    made.netlink().addBridge(DEVICE, mac, 1500);
    made.netlink().addVeth(DEVICE + "0", 0, 1500, made, DEVICE + "1", mac);
  }

  private static void delete(@Nullable Path pin) {
    try {
      if (pin != null) {
        Files.deleteIfExists(pin);
      }
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot remove '" + pin + "'", e);
    }
  }
}
