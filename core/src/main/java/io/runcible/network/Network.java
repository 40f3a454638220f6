package io.runcible.network;

/** The network of a container. */
public enum Network {
  /**
   * A network namespace of its own with nothing but a loopback device, which published ports lead
   * to. The default.
   */
  NONE,
  /**
   * The network namespace of the host: its addresses, its ports, and all that listens on its
   * loopback device, for whatever runs in the container.
   */
  HOST,
  /**
   * A network of an ordinary user's container: outbound connections through a program of that user,
   * pasta or slirp4netns, and published ports. The loopback device of the host is out of reach. The
   * default for an ordinary user's container that publishes ports; UNSUPPORTED for root.
   */
  USER
}
