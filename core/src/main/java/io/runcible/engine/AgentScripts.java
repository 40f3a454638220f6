package io.runcible.engine;

import io.runcible.ffi.Architecture;
import io.runcible.ffi.Script;
import io.runcible.ffi.Script.Place;
import io.runcible.ffi.SystemCall;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** What an {@link ExecAgent} has its process do, and what that answers: records of two words. */
class AgentScripts {
  /** Of a record: what it is, and a number. */
  static final int RECORD = 2 * Long.BYTES;

  /** The agent is there. */
  static final int READY = 1;

  /** From a child that is about to become the program. */
  static final int CHILD = 2;

  /** From a child that did not become it, and ends. */
  static final int NOT_EXECUTED = 3;

  /**
   * The number of the child inside, or what the kernel said instead. Then it runs or has failed.
   */
  static final int FORKED = 4;

  /** How a child ended, as wait4(2) has it. */
  static final int ENDED = 5;

  /** That wait4(2) told nothing. */
  static final int NOT_ENDED = 6;

  /** The first descriptor that is free: no others than 0 to 2 are open. */
  private static final int FREE = 3;

  private static final int STREAMS = 3;

  /** Where a child keeps the socket, which its input replaces. */
  private static final int SOCKET = FREE + STREAMS;

  /** As the runtime passes them. */
  private static final int PASSED_SOCKET = 3;

  private static final int PASSED_PROGRAM = 4;

  /** What the runtime executes. */
  static final String PROGRAM = "/proc/self/fd/" + PASSED_PROGRAM;

  private static final int AT_FDCWD = -100;
  private static final int ENOENT = 2;
  private static final int O_PATH = 010000000 | 02000000;
  private static final int SIG_SETMASK = 2;
  private static final int PR_SET_DUMPABLE = 4;
  private static final int PR_SET_NAME = 15;
  private static final int F_GETFD = 1;
  private static final int F_DUPFD_CLOEXEC = 1030;
  private static final int FD_CLOEXEC = 1;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;
  private static final int CLONE_VFORK = 0x4000;
  private static final int SIGCHLD = 17;
  private static final int WNOHANG = 1;
  private static final int NOT_STARTED = 127;

  private final Architecture architecture;

  AgentScripts(Architecture architecture) {
    this.architecture = architecture;
  }

  /**
   * Has it read from the socket, which it has as another descriptor, from now on, with nothing else
   * open but its outputs, and be ready. No signal but the last one ends it: those that are for all
   * that is in the container are not for it.
   */
  byte[] begin() {
    Script script = new Script(architecture);
    Place failed = new Place();
    script.call(SystemCall.PRCTL, PR_SET_DUMPABLE, 0).expect(0, failed);
    script.call(SystemCall.PRCTL, PR_SET_NAME, script.text("runcible-exec"));
    script.call(SystemCall.RT_SIGPROCMASK, SIG_SETMASK, signals(script, -1), 0, Long.BYTES);
    script.call(SystemCall.DUP3, PASSED_SOCKET, 0, 0).expect(0, failed);
    script.call(SystemCall.CLOSE, PASSED_SOCKET);
    script.call(SystemCall.CLOSE, PASSED_PROGRAM);
    script.call(SystemCall.WRITE, 0, record(script, READY), RECORD);
    script.nextBlock();
    script.here(failed);
    exit(script);
    return script.block();
  }

  /**
   * Has it start a program: it takes three descriptors, forks, and goes on when the child has
   * become the program or has failed to.
   *
   * <p>What the child does first is to say that it is there. It ends if nobody listens any more, so
   * that nothing is executed of which nobody knows. Of several places of the program, the first
   * that is there counts, as for the runtimes.
   *
   * @param paths where the program may be
   */
  byte[] start(List<String> paths, List<String> words, List<String> environment, String directory) {
    Script script = new Script(architecture);
    Place forked = record(script, FORKED);
    Place answer = new Place();
    Place child = new Place();
    Place inParent = new Place();
    Place result = forked.plus(Long.BYTES);
    script
        .call(SystemCall.RECVMSG, 0, script.header(STREAMS), MSG_CMSG_CLOEXEC)
        .into(result)
        .expect(1, answer);
    for (int i = 0; i < STREAMS; i++) {
      script.call(SystemCall.FCNTL, FREE + i, F_GETFD).into(result).expect(FD_CLOEXEC, answer);
    }
    script.call(SystemCall.GETPID).into(new Script.Expectation(inParent));
    script.call(SystemCall.CLONE, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0).into(result);
    script.here(inParent);
    script.call(SystemCall.GETPID).expect(0, child);
    script.here(answer);
    for (int i = 0; i < STREAMS; i++) {
      script.call(SystemCall.CLOSE, FREE + i);
    }
    script.call(SystemCall.WRITE, 0, forked, RECORD);
    script.nextBlock();
    script.here(child);
    child(script, paths, words, environment, directory);
    return script.block();
  }

  private static void child(
      Script script,
      List<String> paths,
      List<String> words,
      List<String> environment,
      String directory) {
    Place failed = new Place();
    Place end = new Place();
    script.call(SystemCall.FCNTL, 0, F_DUPFD_CLOEXEC, SOCKET).expect(SOCKET, end);
    script.call(SystemCall.WRITE, SOCKET, record(script, CHILD), RECORD).expect(RECORD, end);
    for (int i = 0; i < STREAMS; i++) {
      script.call(SystemCall.DUP3, FREE + i, i, 0).expect(i, failed);
    }
    script.call(SystemCall.SETSID);
    script.call(SystemCall.CHDIR, script.text(directory)).expect(0, failed);
    script.call(SystemCall.RT_SIGPROCMASK, SIG_SETMASK, signals(script, 0), 0, Long.BYTES);
    Place arguments = script.texts(words);
    Place variables = script.texts(environment);
    List<Place> names = paths.stream().map(script::text).toList();
    List<Place> there = paths.stream().map(path -> new Place()).toList();
    for (int i = 0; i < paths.size(); i++) {
      script.call(SystemCall.OPENAT, AT_FDCWD, names.get(i), O_PATH).expect(-ENOENT, there.get(i));
    }
    script.call(SystemCall.GETPID).thenGoTo(failed);
    for (int i = 0; i < paths.size(); i++) {
      script.here(there.get(i));
      script.call(SystemCall.EXECVE, names.get(i), arguments, variables).thenGoTo(failed);
    }
    script.here(failed);
    script.call(SystemCall.WRITE, SOCKET, record(script, NOT_EXECUTED), RECORD);
    script.here(end);
    exit(script);
  }

  /**
   * Has it say how a child ended.
   *
   * @param wait whether for its end
   */
  byte[] reap(long child, boolean wait) {
    Script script = new Script(architecture);
    Place ended = record(script, ENDED);
    Place not = record(script, NOT_ENDED);
    Place other = new Place();
    script
        .call(SystemCall.WAIT4, child, ended.plus(Long.BYTES), wait ? 0 : WNOHANG, 0)
        .into(not.plus(Long.BYTES))
        .expect(child, other);
    script.call(SystemCall.WRITE, 0, ended, RECORD);
    script.nextBlock();
    script.here(other);
    script.call(SystemCall.WRITE, 0, not, RECORD);
    script.nextBlock();
    return script.block();
  }

  private static void exit(Script script) {
    script.call(SystemCall.EXIT_GROUP, NOT_STARTED);
  }

  private static Place signals(Script script, long mask) {
    return script.data(ByteBuffer.allocate(Long.BYTES).putLong(mask).array());
  }

  static Place record(Script script, long kind) {
    ByteBuffer bytes = ByteBuffer.allocate(RECORD).order(ByteOrder.LITTLE_ENDIAN);
    return script.data(bytes.putLong(kind).array());
  }
}
