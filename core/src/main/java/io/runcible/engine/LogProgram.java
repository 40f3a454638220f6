package io.runcible.engine;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Clock;

/**
 * Writes the log of a detached container, in a JVM of its own that ends with the container. The
 * standard input is the container's standard output, descriptor 3 its standard error output.
 * Arguments: the directory, the size of a file, the number of files.
 */
final class LogProgram {
  private LogProgram() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    CriLog log = new CriLog(Path.of(args[0]));
    try (CriLogWriter writer =
            new CriLogWriter(
                log, Long.parseLong(args[1]), Integer.parseInt(args[2]), Clock.systemUTC());
        InputStream error = new FileInputStream("/proc/self/fd/3")) {
      Thread other = new Thread(() -> copy(error, writer, true), "stderr");
      other.start();
      copy(System.in, writer, false);
      other.join();
    }
  }

  /** To the end, whatever happens to the log: nobody else takes what the container writes. */
  private static void copy(InputStream in, CriLogWriter writer, boolean error) {
    byte[] bytes = new byte[64 << 10];
    int count = 0;
    while (count >= 0) {
      try {
        count = in.read(bytes);
        if (count > 0) {
          writer.write(error, bytes, count);
        }
      } catch (IOException e) {
        // A pipe that cannot be read has nothing more.
        return;
      } catch (OutOfMemoryError e) {
        // That piece is lost, and the container goes on.
      }
    }
  }
}
