package io.runcible.engine;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * The TCP sockets of a network, as the kernel lists them. For the list it goes through those of all
 * networks, which takes it milliseconds of a processor on a large machine. So its count of those of
 * this network is asked first, which takes it microseconds: a container that is starting has none.
 */
final class TcpSockets {
  private static final String LISTENING = " 0A ";
  private static final int PORT_DIGITS = 4;

  private final Path files;

  /** Those in a directory such as {@code /proc/PID/net}. */
  TcpSockets(Path files) {
    this.files = files;
  }

  /** Those that a process sees; none of one that is gone. */
  static TcpSockets of(int pid) {
    return new TcpSockets(Path.of("/proc/" + pid + "/net"));
  }

  /** Whether one of them listens on a port, on any address. */
  boolean listens(int port) {
    String digits = HexFormat.of().withUpperCase().toHexDigits((short) port);
    return !hasNone("sockstat", "TCP: inuse 0 ") && lists("tcp", digits)
        || !hasNone("sockstat6", "TCP6: inuse 0") && lists("tcp6", digits);
  }

  /** A kernel that does not say may have some. */
  private boolean hasNone(String file, String none) {
    try (BufferedReader lines = open(file)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith(none)) {
          return true;
        }
      }
    } catch (IOException e) {
      // The table says more.
    }
    return false;
  }

  /** As {@code 0: 0100007F:18EB 00000000:0000 0A} and more. */
  private boolean lists(String file, String port) {
    try (BufferedReader lines = open(file)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        int own = line.indexOf(':', line.indexOf(':') + 1) + 1;
        int other = line.indexOf(':', own) + 1;
        if (line.startsWith(port, own) && line.startsWith(LISTENING, other + PORT_DIGITS)) {
          return true;
        }
      }
    } catch (IOException e) {
      // The process is gone, which the waiting notices itself, or the table does not exist.
    }
    return false;
  }

  private BufferedReader open(String file) throws IOException {
    return Files.newBufferedReader(files.resolve(file), StandardCharsets.US_ASCII);
  }
}
