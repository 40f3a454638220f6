package io.runcible.archive;

import io.runcible.ffi.NativeAccess;
import io.runcible.ffi.PrivilegedHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Unpacks all hostile layers as an ordinary user, in each form: the main class of a second JVM,
 * which prints a line for every case, {@code ok} or what went wrong. With a range of ids it starts
 * itself again in the namespace of a holder.
 */
final class RootlessUnpackProgram {
  private RootlessUnpackProgram() {}

  public static void main(String[] args) throws Exception {
    Path directory = Path.of(System.getProperty("user.home")).resolve("unpack-" + args[0]);
    switch (args[0]) {
      case "single" -> all(directory, Ownership.RECORD);
      case "inside" -> all(directory, Ownership.EXACT);
      case "range" -> inHolder();
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static void inHolder() throws IOException, InterruptedException {
    try (PrivilegedHost host = PrivilegedHost.open()) {
      System.out.println(host.hasIdRange() ? "ok range" : "failed range: there is none");
      List<String> command =
          host.command(
              List.of(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:+UseSerialGC",
                  "-XX:TieredStopAtLevel=1",
                  "-Duser.home=" + System.getProperty("user.home"),
                  "-cp",
                  System.getProperty("java.class.path"),
                  RootlessUnpackProgram.class.getName(),
                  "inside"));
      Process process = new ProcessBuilder(command).inheritIO().start();
      System.out.println(process.waitFor() == 0 ? "ok end" : "failed end");
    }
  }

  private static void all(Path directory, Ownership ownership) throws IOException {
    System.out.println("uid " + NativeAccess.effectiveUid());
    List<LayerFormat> formats =
        List.of(LayerFormat.PLAIN, LayerFormat.OVERLAY_USERXATTR, LayerFormat.COPY);
    for (LayerFormat format : formats) {
      Path place = Files.createDirectories(directory.resolve(format.name()));
      HostileLayerCheck check = new HostileLayerCheck(place, format, ownership);
      for (HostileLayers.Case hostile : check.cases()) {
        System.out.println(
            said(() -> check.run(hostile))
                + " "
                + format
                + " "
                + hostile.name().replace('\n', ' '));
      }
      Path faults = Files.createDirectory(place.resolve("faults"));
      System.out.println(
          said(() -> UnpackFaultsIT.failAtAnyCall(faults, format, ownership))
              + " faults "
              + format);
    }
    Path alike = Files.createDirectory(directory.resolve("alike"));
    LayerFormatCheck check = new LayerFormatCheck(alike, formats, ownership);
    System.out.println(said(() -> check.run(LayerFormatCheck.USUAL_SEED, 300)) + " alike");
  }

  private interface Check {
    void run() throws Throwable;
  }

  private static String said(Check check) {
    try {
      check.run();
      return "ok";
    } catch (Throwable e) {
      return "failed: " + String.valueOf(e).replace('\n', ' ');
    }
  }
}
