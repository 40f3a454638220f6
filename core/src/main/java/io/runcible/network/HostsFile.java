package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The hosts file of a container, in which each of its networks has a block of lines. It is mounted
 * into the container, so it is written in place, and what the container wrote outside of the blocks
 * stays.
 */
final class HostsFile {
  /** A container can make its file as large as it likes, to its own harm. */
  private static final int MAX_SIZE = 256 << 10;

  private HostsFile() {}

  /** Replaces the block of a network; without lines takes it away. A missing file stays missing. */
  static void rewrite(Path file, String network, List<String> lines) {
    try {
      if (!Files.exists(file)) {
        return;
      }
      if (Files.size(file) > MAX_SIZE) {
        log()
            .warn(
                "'{}' is larger than {} bytes; names on '{}' stay as they are",
                file,
                MAX_SIZE,
                network);
        return;
      }
      byte[] old = Files.readAllBytes(file);
      String text = new String(old, StandardCharsets.ISO_8859_1);
      byte[] replaced = replace(text, network, lines).getBytes(StandardCharsets.ISO_8859_1);
      if (!Arrays.equals(old, replaced)) {
        overwrite(file, old.length, replaced);
      }
    } catch (NoSuchFileException e) {
      // Its container is being removed.
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot write '" + file + "'", e);
    }
  }

  /** At no moment is there less than the new lines, nor half of an old one behind them. */
  private static void overwrite(Path file, int oldLength, byte[] content) throws IOException {
    byte[] padded = Arrays.copyOf(content, Math.max(content.length, oldLength));
    Arrays.fill(padded, content.length, padded.length, (byte) '\n');
    try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw")) {
      opened.write(padded);
      opened.setLength(content.length);
    }
  }

  static String replace(String text, String network, List<String> lines) {
    String begin = "# network " + network;
    String end = "# end of network " + network;
    List<String> kept = new ArrayList<>();
    boolean inside = false;
    for (String line : text.lines().toList()) {
      inside |= line.equals(begin);
      if (!inside) {
        kept.add(line);
      }
      inside &= !line.equals(end);
    }
    if (!lines.isEmpty()) {
      kept.add(begin);
      kept.addAll(lines);
      kept.add(end);
    }
    return kept.isEmpty() ? "" : String.join("\n", kept) + "\n";
  }

  private static Logger log() {
    return LoggerFactory.getLogger(HostsFile.class);
  }
}
