package io.runcible.network;

import io.runcible.RuncibleException;
import io.runcible.ffi.Spawn;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The service firewalld, which rejects what no zone of its own lets through, whatever other tables
 * accept. A network with a way out is in its zone "trusted" while it is up; the table of the
 * network itself keeps others away.
 */
final class Firewalld {
  /** Its table of the packet filter. */
  static final String TABLE = "firewalld";

  private static final String PROGRAM = "firewall-cmd";

  private Firewalld() {}

  static void admit(NetworkRecord network) {
    if (Spawn.findProgram(PROGRAM).isEmpty()) {
      log()
          .warn(
              "firewalld is at work and '{}' is missing; '{}' may have no way out",
              PROGRAM,
              network.name());
      return;
    }
    change("--add-interface=", network, "let network '" + network.name() + "' through");
  }

  static void dismiss(NetworkRecord network) {
    try {
      change("--remove-interface=", network, "forget network '" + network.name() + "'");
    } catch (RuncibleException e) {
      // It forgets by itself when it is restarted, and the name of a device is no danger.
      log().debug("firewalld did not forget '{}'", network.device(), e);
    }
  }

  private static void change(String option, NetworkRecord network, String what) {
    List<String> command = List.of(PROGRAM, "--zone=trusted", option + network.device());
    HostCommand.run(command, "", "tell firewalld to " + what);
  }

  private static Logger log() {
    return LoggerFactory.getLogger(Firewalld.class);
  }
}
