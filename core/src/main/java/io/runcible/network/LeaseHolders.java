package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.network.LeaseTable.Lease;
import io.runcible.state.JsonRecord;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Those who use networks, as far as their files tell: each container has a directory, and each
 * engine a journal.
 */
final class LeaseHolders {
  private final Path containers;
  private final Path journals;

  LeaseHolders(Path containers, Path journals) {
    this.containers = containers;
    this.journals = journals;
  }

  private record Owner(String token) {}

  /** Without the containers and engines that are gone. */
  LeaseTable present(LeaseTable table) {
    LeaseTable present = table.without(this::isGone);
    for (String engine : table.engines()) {
      if (!Files.exists(journals.resolve(engine))) {
        present = present.withoutEngine(engine);
      }
    }
    return present;
  }

  boolean isGone(Lease lease) {
    return isGone(lease.containerId(), lease.token());
  }

  boolean isGone(String containerId, String token) {
    Path record = containers.resolve(containerId).resolve("container.json");
    try {
      return JsonRecord.read(record, Owner.class)
          .filter(owner -> token.equals(owner.token()))
          .isEmpty();
    } catch (RuncibleException e) {
      return e.kind() == ErrorKind.CORRUPT_DATA;
    }
  }

  /** Its container is gone, as far as that can be seen at a glance. */
  boolean isReplaced(Lease lease, NetworkClient client) {
    return (lease.containerId().equals(client.id()) && !lease.token().equals(client.token()))
        || !Files.exists(containers.resolve(lease.containerId()));
  }

  /** The process of its container has ended. */
  boolean hasEnded(Lease lease) {
    return NetworkClient.ENDED.stream()
        .map(containers.resolve(lease.containerId())::resolve)
        .anyMatch(Files::exists);
  }

  /** The hosts file of its container. */
  Path hosts(Lease lease) {
    return containers.resolve(lease.containerId()).resolve(NetworkClient.HOSTS);
  }
}
