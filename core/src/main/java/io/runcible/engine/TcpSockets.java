package io.runcible.engine;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/** The TCP sockets of a network, as the kernel lists them. */
final class TcpSockets {
  private static final String LISTENING = " 0A ";
  private static final int PORT_DIGITS = 4;

  private final Path files;

  /** Those in a directory such as {@code /proc/PID/net}. */
  TcpSockets(Path files) {
    this.files = files;
  }

  /** Whether one of them listens on a port, on any address. */
  boolean listens(int port) {
    String digits = HexFormat.of().withUpperCase().toHexDigits((short) port);
    return lists("tcp", digits) || lists("tcp6", digits);
  }

  /** As {@code 0: 0100007F:18EB 00000000:0000 0A} and more. */
  private boolean lists(String file, String port) {
    try (BufferedReader lines =
        Files.newBufferedReader(files.resolve(file), StandardCharsets.US_ASCII)) {
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
}
