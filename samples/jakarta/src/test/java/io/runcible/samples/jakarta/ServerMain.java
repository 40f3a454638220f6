package io.runcible.samples.jakarta;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * Runs in the server's own JVM: starts it as its launcher does, and then does what the lines of the
 * standard input say. Each is answered with one line that begins with a mark. The server is no
 * dependency: its 100 MB are for those who run it.
 */
final class ServerMain {
  static final String MARK = "##";

  private static final String APPLICATION = "code-runner";

  private ServerMain() {}

  public static void main(String[] arguments) throws Exception {
    Class.forName("fish.payara.micro.impl.RootDirLauncher")
        .getMethod("main", String[].class)
        .invoke(null, (Object) arguments);
    Class<?> boot = Class.forName("fish.payara.micro.boot.PayaraMicroBoot");
    Object server =
        Class.forName("fish.payara.micro.impl.PayaraMicroImpl")
            .getMethod("getInstance")
            .invoke(null);
    Object runtime = boot.getMethod("getRuntime").invoke(server);
    answer("true");
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      answer(obey(runtime, line.split(" ", 2)));
    }
    boot.getMethod("shutdown").invoke(server);
    System.exit(0);
  }

  private static String obey(Object server, String[] words) throws Exception {
    Class<?> runtime = Class.forName("fish.payara.micro.PayaraMicroRuntime");
    return switch (words[0]) {
      case "deploy" ->
          String.valueOf(
              runtime
                  .getMethod("deploy", String.class, String.class, File.class)
                  .invoke(server, APPLICATION, APPLICATION, new File(words[1])));
      case "undeploy" -> {
        runtime.getMethod("undeploy", String.class).invoke(server, APPLICATION);
        yield "true";
      }
      case "objects" -> String.join(";", objects());
      case "threads" -> String.join(";", threads());
      default -> throw new IOException("what is '" + words[0] + "'?");
    };
  }

  /**
   * What a full collection leaves of the objects whose classes an application brought, with their
   * numbers. The constants of an enumeration are as long there as its class, and that as its
   * loader.
   */
  private static List<String> objects() throws JMException {
    String histogram =
        (String)
            ManagementFactory.getPlatformMBeanServer()
                .invoke(
                    new ObjectName("com.sun.management:type=DiagnosticCommand"),
                    "gcClassHistogram",
                    new Object[] {new String[0]},
                    new String[] {String[].class.getName()});
    return histogram
        .lines()
        .filter(line -> line.contains(" " + ServerMain.class.getPackageName() + "."))
        .filter(line -> !line.contains(ServerMain.class.getName()))
        .map(line -> line.strip().replaceAll(" +", " "))
        .toList();
  }

  /** The threads of the library, and those that the server has for the application. */
  private static List<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("runcible-") || name.contains(APPLICATION))
        .collect(Collectors.toList());
  }

  private static void answer(String text) {
    System.out.println(MARK + text);
    System.out.flush();
  }
}
