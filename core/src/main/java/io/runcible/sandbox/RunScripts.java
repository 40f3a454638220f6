package io.runcible.sandbox;

import io.runcible.RuncibleException;
import io.runcible.ffi.Architecture;
import io.runcible.ffi.Script;
import io.runcible.ffi.Script.Place;
import io.runcible.ffi.ScriptProgram;
import io.runcible.ffi.SystemCall;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * What the init program does for one run: it writes the files, starts the program as its child,
 * waits for it, ends what that has left, and says how it ended.
 *
 * <p>The child has nothing of this open. That the init program is not dumpable keeps the child from
 * reading its memory and its input, and the marks in what it writes from being known.
 */
final class RunScripts {
  private static final SecureRandom RANDOM = new SecureRandom();

  /** How long a mark is: nobody guesses it. */
  static final int MARK = 16;

  /** The mark, the status of wait4(2) and the struct rusage. */
  static final int TRAILER = MARK + 8 + 144;

  /** The data of a file in one block. */
  private static final int CHUNK = 512 << 10;

  private static final int AT_FDCWD = -100;
  private static final int PR_SET_DUMPABLE = 4;
  private static final int SIGCHLD = 17;
  private static final int SIGKILL = 9;
  private static final int O_WRONLY = 1;
  private static final int O_CREAT = 0100;
  private static final int O_EXCL = 0200;
  private static final int O_CLOEXEC = 02000000;
  private static final int MFD_CLOEXEC = 1;
  private static final int MFD_ALLOW_SEALING = 2;
  private static final int F_SETFL = 4;
  private static final int F_ADD_SEALS = 1033;
  private static final int ALL_SEALS = 0xf;
  private static final int RUSAGE_CHILDREN = -1;
  private static final int NOT_STARTED = 127;

  /** The first descriptor that is free: no others than 0 to 2 are open. */
  private static final int FREE = 3;

  private final Architecture architecture;
  private final Map<Integer, Long> limits;
  private final byte[] mark;
  private final byte[] failureMark;

  /**
   * The scripts of a run.
   *
   * @param limits of the program (getrlimit(2)), by their numbers
   * @param mark begins the end of the outputs
   * @param failureMark begins what is written instead of the program's output if it cannot start
   */
  RunScripts(
      Architecture architecture, Map<Integer, Long> limits, byte[] mark, byte[] failureMark) {
    this.architecture = architecture;
    this.limits = limits;
    this.mark = mark;
    this.failureMark = failureMark;
  }

  /**
   * A mark for one run. It begins with a byte that UTF-8 has not, so that no text waits for more.
   */
  static byte[] newMark() {
    byte[] mark = new byte[MARK];
    RANDOM.nextBytes(mark);
    mark[0] = (byte) 0xff;
    return mark;
  }

  /** What could not be done. */
  enum Stage {
    PROTECT,
    FILES,
    INPUT,
    FORK,
    EXECUTE;

    private static final List<Stage> ALL = List.of(values());

    static Stage of(long number) {
      return ALL.get(Math.toIntExact(number));
    }

    long number() {
      return ALL.indexOf(this);
    }
  }

  /**
   * Writes the blocks of a run, each as it is made.
   *
   * @throws RuncibleException INVALID_INPUT if the command and the environment are too large
   */
  void write(SandboxRequest request, List<String> paths, List<String> environment, OutputStream out)
      throws IOException {
    boolean hasInput = request.stdin().length > 0;
    // First: it may be too large.
    byte[] run = run(request, hasInput, paths, environment);
    out.write(protect());
    directories(request.files().keySet(), out);
    for (Map.Entry<String, SandboxFile> file : request.files().entrySet()) {
      write(file(file.getKey(), file.getValue()), out);
    }
    if (hasInput) {
      write(input(request.stdin()), out);
    }
    out.write(run);
  }

  private static void write(List<byte[]> blocks, OutputStream out) throws IOException {
    for (byte[] block : blocks) {
      out.write(block);
    }
  }

  private byte[] protect() {
    Script script = new Script(architecture);
    Failure failure = new Failure(script, Stage.PROTECT, 1);
    script
        .call(SystemCall.PRCTL, PR_SET_DUMPABLE, 0)
        .into(failure.error(0))
        .expect(0, failure.label);
    script.call(SystemCall.CLOSE_RANGE, FREE, 0xffffffffL, 0);
    script.call(SystemCall.UMASK, 022);
    return failure.end();
  }

  /** A block for each file that needs some; as sorted, the one before has what it shares. */
  private void directories(Set<String> names, OutputStream out) throws IOException {
    String before = "";
    for (String name : new TreeSet<>(names)) {
      Script script = new Script(architecture);
      boolean some = false;
      for (int slash = name.indexOf('/'); slash > 0; slash = name.indexOf('/', slash + 1)) {
        if (!before.regionMatches(0, name, 0, slash + 1)) {
          // One that cannot be made shows in the files that cannot.
          script.call(SystemCall.MKDIRAT, AT_FDCWD, script.text(name.substring(0, slash)), 0755);
          some = true;
        }
      }
      if (some) {
        script.nextBlock();
        out.write(script.block());
      }
      before = name;
    }
  }

  private List<byte[]> file(String name, SandboxFile file) {
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | architecture.noFollowFlag;
    Script script = new Script(architecture);
    Failure failure = new Failure(script, Stage.FILES, 1);
    script
        .call(SystemCall.OPENAT, AT_FDCWD, script.text(name), flags, 0600)
        .into(failure.error(0))
        .expect(FREE, failure.label);
    return written(
        script,
        failure,
        file.content(),
        last -> {
          last.script
              .call(SystemCall.FCHMOD, FREE, file.mode())
              .into(last.error(0))
              .expect(0, last.label);
          last.script.call(SystemCall.CLOSE, FREE);
        });
  }

  /** A file in memory that nobody can change: it is read from its beginning. */
  private List<byte[]> input(byte[] bytes) {
    Script script = new Script(architecture);
    Failure failure = new Failure(script, Stage.INPUT, 1);
    script
        .call(SystemCall.MEMFD_CREATE, script.text("stdin"), MFD_CLOEXEC | MFD_ALLOW_SEALING)
        .into(failure.error(0))
        .expect(FREE, failure.label);
    return written(
        script,
        failure,
        bytes,
        last -> {
          last.script.call(SystemCall.FCNTL, FREE, F_ADD_SEALS, ALL_SEALS);
          last.script.call(SystemCall.LSEEK, FREE, 0, 0).into(last.error(0)).expect(0, last.label);
        });
  }

  private List<byte[]> written(
      Script opening, Failure first, byte[] content, Consumer<Failure> last) {
    List<byte[]> blocks = new ArrayList<>();
    Script script = opening;
    Failure failure = first;
    for (int done = 0; done < content.length; ) {
      byte[] chunk = Arrays.copyOfRange(content, done, Math.min(content.length, done + CHUNK));
      done += chunk.length;
      script
          .call(SystemCall.WRITE, FREE, script.data(chunk), chunk.length)
          .into(failure.error(0))
          .expect(chunk.length, failure.label);
      if (done < content.length) {
        blocks.add(failure.end());
        script = new Script(architecture);
        failure = new Failure(script, first.stage, 1);
      }
    }
    last.accept(failure);
    blocks.add(failure.end());
    return blocks;
  }

  private byte[] run(
      SandboxRequest request, boolean hasInput, List<String> paths, List<String> environment) {
    Script script = new Script(architecture);
    Failure failure = new Failure(script, Stage.FORK, 1);
    if (!hasInput) {
      script
          .call(SystemCall.OPENAT, AT_FDCWD, script.text("/dev/null"), O_CLOEXEC)
          .into(failure.error(0))
          .expect(FREE, failure.label);
    }
    Place child = new Place();
    Place waiting = new Place();
    script
        .call(SystemCall.CLONE, SIGCHLD, 0, 0, 0, 0)
        .into(new Script.Expectation(waiting))
        .atLeast(1, child);
    script.call(SystemCall.CLOSE, FREE);
    end(script, waiting);
    script.here(child);
    // After a fork that failed, this is still the first process.
    script.call(SystemCall.GETPID).into(failure.error(0)).atLeast(2, failure.label);
    child(script, request, paths, environment);
    return failure.end();
  }

  private void end(Script script, Place waiting) {
    byte[] bytes = Arrays.copyOf(mark, TRAILER);
    Place trailer = script.data(bytes);
    script.here(waiting);
    script
        .call(SystemCall.WAIT4, -1, trailer.plus(MARK), 0, 0)
        .expect(0, waiting); // The number of the child, as clone stored it.
    script.call(SystemCall.KILL, -1, SIGKILL);
    Place reaping = script.here(new Place());
    Place reaped = new Place();
    script.call(SystemCall.WAIT4, -1, ScriptProgram.REPLY, 0, 0).atLeast(1, reaped);
    script.call(SystemCall.GETPID).thenGoTo(reaping);
    script.here(reaped);
    script.call(SystemCall.GETRUSAGE, RUSAGE_CHILDREN, trailer.plus(MARK + 8));
    // The program shared the open files: it may have made them non-blocking, and left them full.
    script.call(SystemCall.FCNTL, 2, F_SETFL, 0);
    script.call(SystemCall.FCNTL, 1, F_SETFL, 0);
    script.call(SystemCall.WRITE, 2, trailer, MARK);
    script.call(SystemCall.WRITE, 1, trailer, TRAILER);
    script.nextBlock();
  }

  private void child(
      Script script, SandboxRequest request, List<String> paths, List<String> environment) {
    Failure failure = new Failure(script, Stage.EXECUTE, paths.size());
    script.call(SystemCall.SETSID);
    script.call(SystemCall.DUP3, FREE, 0, 0).into(failure.error(0)).expect(0, failure.label);
    script.call(SystemCall.CLOSE, FREE);
    limits.forEach(
        (number, limit) -> {
          ByteBuffer both = ByteBuffer.allocate(2 * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
          both.putLong(limit).putLong(limit);
          script
              .call(SystemCall.PRLIMIT64, 0, number, script.data(both.array()), 0)
              .into(failure.error(0))
              .expect(0, failure.label);
        });
    Place arguments = script.texts(request.command());
    Place variables = script.texts(environment);
    for (int i = 0; i < paths.size(); i++) {
      script
          .call(SystemCall.EXECVE, script.text(paths.get(i)), arguments, variables)
          .into(failure.error(i));
    }
    failure.end();
  }

  /** The way out if a step fails: it writes why, and ends the process. */
  private final class Failure {
    private final Script script;
    private final Stage stage;
    private final Place label = new Place();
    private final Place record;
    private final int size;

    Failure(Script script, Stage stage, int errors) {
      this.script = script;
      this.stage = stage;
      size = MARK + Long.BYTES * (1 + errors);
      ByteBuffer bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
      bytes.put(failureMark).putLong(stage.number());
      record = script.data(bytes.array());
    }

    Place error(int index) {
      return record.plus(MARK + Long.BYTES * (1 + index));
    }

    byte[] end() {
      if (stage != Stage.EXECUTE && stage != Stage.FORK) {
        script.nextBlock();
      }
      script.here(label);
      script.call(SystemCall.WRITE, 1, record, size);
      script.call(SystemCall.EXIT_GROUP, NOT_STARTED);
      return script.block();
    }
  }
}
