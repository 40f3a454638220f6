package io.runcible.network;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds out who has a port of the host, for the message of an error. */
final class PortHolder {
  private static final Path PROC = Path.of("/proc");
  private static final String LISTENING = "0A";
  private static final int MAX_NAME = 64;

  private PortHolder() {}

  /** The process in words; empty if nobody is seen to have the port. */
  static Optional<String> find(PortBinding binding) {
    return inode(binding).map(inode -> process(inode).orElse("another process"));
  }

  /** Whether anybody is seen to have the port. */
  static boolean isServed(PortBinding binding) {
    return inode(binding).isPresent();
  }

  private static Optional<String> inode(PortBinding binding) {
    String protocol = binding.protocol().toString();
    return Stream.of(protocol, protocol + "6")
        .flatMap(table -> inode(PROC.resolve("net").resolve(table), binding).stream())
        .findFirst();
  }

  private static Optional<String> inode(Path table, PortBinding binding) {
    boolean tcp = binding.protocol() == PortBinding.Protocol.TCP;
    try (Stream<String> lines = Files.lines(table, StandardCharsets.US_ASCII)) {
      return lines
          .skip(1)
          .map(line -> line.strip().split("\\s+", -1))
          .filter(fields -> fields.length > 9 && (!tcp || fields[3].equals(LISTENING)))
          .filter(fields -> isIt(fields[1], binding))
          .map(fields -> fields[9])
          .findFirst();
    } catch (IOException | UncheckedIOException e) {
      return Optional.empty();
    }
  }

  private static boolean isIt(String local, PortBinding binding) {
    String[] words = local.split(":", -1);
    if (words.length != 2 || Integer.parseInt(words[1], 16) != binding.hostPort()) {
      return false;
    }
    InetAddress address = address(words[0]);
    return address.isAnyLocalAddress()
        || binding.hostAddress().isAnyLocalAddress()
        || address.equals(binding.hostAddress());
  }

  /** The kernel prints words of 32 bits in the order of the processor. */
  private static InetAddress address(String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    if (ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) {
      for (int word = 0; word < bytes.length; word += 4) {
        for (int i = 0; i < 2; i++) {
          byte swapped = bytes[word + i];
          bytes[word + i] = bytes[word + 3 - i];
          bytes[word + 3 - i] = swapped;
        }
      }
    }
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(hex, e);
    }
  }

  private static Optional<String> process(String inode) {
    String socket = "socket:[" + inode + "]";
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path process : processes) {
        if (has(process, socket)) {
          return Optional.of(name(process));
        }
      }
    } catch (IOException e) {
      // Then it stays without a name.
    }
    return Optional.empty();
  }

  /** False for a process of another user, whose files cannot be seen. */
  private static boolean has(Path process, String socket) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(process.resolve("fd"))) {
      for (Path file : files) {
        if (Files.readSymbolicLink(file).toString().equals(socket)) {
          return true;
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // It has ended, or closed the file.
    }
    return false;
  }

  private static String name(Path process) {
    String pid = process.getFileName().toString();
    if (pid.equals(String.valueOf(ProcessHandle.current().pid()))) {
      return "this process";
    }
    try {
      String name = Files.readString(process.resolve("comm"), StandardCharsets.ISO_8859_1);
      String shown = name.strip().replaceAll("[^ -~]", "?");
      return "process " + pid + " (" + shown.substring(0, Math.min(shown.length(), MAX_NAME)) + ")";
    } catch (IOException e) {
      return "process " + pid;
    }
  }
}
