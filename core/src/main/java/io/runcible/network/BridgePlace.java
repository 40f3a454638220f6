package io.runcible.network;

import io.runcible.ffi.Rtnetlink;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Where the bridges of networks are: a network namespace, and what else there lets packets by. */
interface BridgePlace extends AutoCloseable {
  /** The devices there, for the caller to close. Only with the lock of the networks. */
  Rtnetlink open();

  /** The same; empty if the place is gone, and with it all that was there. */
  Optional<Rtnetlink> find();

  /** Lets a network by, before its bridge is there. */
  void admit(Rtnetlink devices, NetworkRecord network);

  /** The way out of a network whose bridge is there may have ended: has it back. */
  void keepWayOut(NetworkRecord network);

  /** Undoes {@link #admit}; no error for what is not there. */
  void dismiss(NetworkRecord network);

  /** A bridge has no router among its containers. */
  void ignoreRouterAdvertisements(String device);

  /** The addresses of the host, for the containers on a network. */
  List<InetAddress> host(NetworkRecord network);

  /** Subnets that no network there can have, each with what has them. */
  Map<IpPrefix, String> taken();

  /** Lets go of the place. Idempotent. */
  @Override
  void close();
}
