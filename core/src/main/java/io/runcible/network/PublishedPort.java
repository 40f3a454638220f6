package io.runcible.network;

import java.io.IOException;

/** One published port. All but {@link #open} and {@link #binding} is for the loop's thread. */
interface PublishedPort {
  /** With the port of the host that it got. */
  PortBinding binding();

  /** Serves clients from now on. */
  void open(Entrance way) throws IOException;

  /** Serves no new clients any more, and the others for a while; the port stays its own. */
  void end();

  /** Ends everything, and lets go of the port. */
  void close();
}
