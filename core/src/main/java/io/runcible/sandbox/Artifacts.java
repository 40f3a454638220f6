package io.runcible.sandbox;

import io.runcible.ffi.Architecture;
import io.runcible.ffi.Script;
import io.runcible.ffi.ScriptProgram;
import io.runcible.ffi.SystemCall;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Fetches files from a working directory through the init program, which is then the only process
 * there: nothing changes any more, and it may do no more than the program could.
 */
final class Artifacts {
  private static final int AT_FDCWD = -100;
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int STATX_BASIC = 0x7ff;
  private static final int O_NONBLOCK = 04000;
  private static final int O_CLOEXEC = 02000000;
  private static final int FREE = 3;
  private static final int NAMES = 32 << 10;
  private static final int STATX = 256;
  private static final int CHUNK = 64 << 10;

  private static final int DIRECTORY = 4;
  private static final int REGULAR = 8;
  private static final int MAX_ENTRIES = 10_000;
  private static final int MAX_OMITTED = 100;

  private final Architecture architecture;
  private final OutputStream commands;
  private final InputStream replies;
  private final SandboxRequest request;
  private final SandboxProfile profile;
  private final List<PathMatcher> matchers;
  private final Map<String, byte[]> found = new TreeMap<>();
  private final List<String> omitted = new ArrayList<>();
  private int entries;
  private long bytes;

  Artifacts(
      Architecture architecture,
      OutputStream commands,
      InputStream replies,
      SandboxRequest request,
      SandboxProfile profile) {
    this.architecture = architecture;
    this.commands = commands;
    this.replies = replies;
    this.request = request;
    this.profile = profile;
    this.matchers =
        request.artifacts().stream()
            .map(glob -> FileSystems.getDefault().getPathMatcher("glob:" + glob))
            .toList();
  }

  Map<String, byte[]> found() {
    return found;
  }

  List<String> omitted() {
    return omitted;
  }

  /** Fetches what was asked for. */
  void fetch() throws IOException {
    if (!matchers.isEmpty()) {
      directory("", 0);
    }
  }

  /** With its name alone: whole paths of many would be large. */
  private record Entry(String name, int type) {}

  private void directory(String path, int depth) throws IOException {
    for (Entry entry : list(path)) {
      String whole = path(path, entry.name());
      if (entry.type() == DIRECTORY) {
        if (depth == FileNames.MAX_DEPTH) {
          omit(whole, "it is too deep");
        } else {
          directory(whole, depth + 1);
        }
      } else if (matches(whole)) {
        if (entry.type() != REGULAR) {
          omit(whole, "it is no regular file");
        } else if (found.size() == profile.artifactFiles()) {
          omit(whole, "there are more than " + profile.artifactFiles() + " files");
        } else {
          file(whole);
        }
      }
    }
  }

  private static String path(String directory, String name) {
    return directory.isEmpty() ? name : directory + "/" + name;
  }

  private boolean matches(String path) {
    Path asPath = Path.of(path);
    return matchers.stream().anyMatch(matcher -> matcher.matches(asPath));
  }

  private void omit(String path, String why) {
    if (omitted.size() < MAX_OMITTED) {
      omitted.add(path + ": " + why);
    } else if (omitted.size() == MAX_OMITTED) {
      omitted.add("and more");
    }
  }

  private List<Entry> list(String path) throws IOException {
    List<Entry> all = new ArrayList<>();
    Script opening = new Script(architecture);
    opening
        .call(
            SystemCall.OPENAT,
            AT_FDCWD,
            opening.text(path.isEmpty() ? "." : path),
            architecture.directoryFlag | architecture.noFollowFlag | O_CLOEXEC)
        .into(ScriptProgram.REPLY);
    ByteBuffer reply = ask(opening, Long.BYTES);
    if (reply.getLong(0) != FREE) {
      omit(path, "the directory cannot be read");
      return all;
    }
    long length;
    do {
      Script reading = new Script(architecture);
      reading
          .call(SystemCall.GETDENTS64, FREE, ScriptProgram.REPLY + Long.BYTES, NAMES)
          .into(ScriptProgram.REPLY);
      reply = ask(reading, Long.BYTES + NAMES);
      length = reply.getLong(0);
      boolean room = entries(path, reply, Math.min(length, NAMES), all);
      if (!room) {
        omit(path, "there are more than " + MAX_ENTRIES + " files and directories");
        break;
      }
    } while (length > 0);
    close();
    all.sort((a, b) -> a.name().compareTo(b.name()));
    return all;
  }

  /** The struct linux_dirent64: inode, offset, length of the entry, type, name. */
  private boolean entries(String path, ByteBuffer reply, long length, List<Entry> all) {
    int end = Long.BYTES + (int) Math.max(0, length);
    int entry = Long.BYTES;
    while (entry + 19 <= end) {
      int size = Short.toUnsignedInt(reply.getShort(entry + 16));
      if (size < 20 || entry + size > end) {
        return true;
      }
      byte[] name = name(reply, entry + 19, entry + size);
      String text = new String(name, StandardCharsets.UTF_8);
      if (!text.equals(".") && !text.equals("..")) {
        if (++entries > MAX_ENTRIES) {
          return false;
        }
        String whole = path(path, text);
        if (isPath(name, whole)) {
          all.add(new Entry(text, reply.get(entry + 18)));
        } else {
          omit(whole, "its name is no text, or too long");
        }
      }
      entry += size;
    }
    return true;
  }

  private static byte[] name(ByteBuffer reply, int begin, int end) {
    int stop = begin;
    while (stop < end && reply.get(stop) != 0) {
      stop++;
    }
    byte[] name = new byte[stop - begin];
    reply.get(begin, name);
    return name;
  }

  private static boolean isPath(byte[] name, String whole) {
    try {
      boolean isText =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(name)).hasRemaining();
      FileNames.require(whole);
      // Throws where the file names of this process are of another character set.
      return isText && !Path.of(whole).isAbsolute();
    } catch (CharacterCodingException | RuntimeException e) {
      return false;
    }
  }

  private void file(String path) throws IOException {
    Script opening = new Script(architecture);
    opening
        .call(
            SystemCall.OPENAT,
            AT_FDCWD,
            opening.text(path),
            architecture.noFollowFlag | O_NONBLOCK | O_CLOEXEC)
        .into(ScriptProgram.REPLY);
    opening.call(
        SystemCall.STATX,
        FREE,
        opening.text(""),
        AT_EMPTY_PATH,
        STATX_BASIC,
        ScriptProgram.REPLY + 2 * Long.BYTES);
    opening
        .call(SystemCall.READ, FREE, ScriptProgram.REPLY + 2 * Long.BYTES + STATX, CHUNK)
        .into(ScriptProgram.REPLY + Long.BYTES);
    ByteBuffer reply = ask(opening, 2 * Long.BYTES + STATX + CHUNK);
    if (reply.getLong(0) != FREE) {
      omit(path, "it cannot be read");
      return;
    }
    long size = reply.getLong(2 * Long.BYTES + 40);
    SandboxFile given = request.files().get(path);
    byte[] before = given != null && given.content().length == size ? given.content() : null;
    boolean mayBeGiven = before != null;
    if (size > profile.artifactBytes() - (mayBeGiven ? 0 : bytes)) {
      omit(
          path,
          "it has "
              + size
              + " bytes, and no more than "
              + profile.artifactBytes()
              + " are fetched in all");
    } else {
      byte[] content = content(reply, (int) size);
      if (!Arrays.equals(before, content)) {
        keep(path, content);
      }
    }
    close();
  }

  private void keep(String path, byte[] content) {
    if (content.length > profile.artifactBytes() - bytes) {
      omit(path, "no more than " + profile.artifactBytes() + " bytes are fetched in all");
    } else {
      bytes += content.length;
      found.put(path, content);
    }
  }

  private byte[] content(ByteBuffer first, int size) throws IOException {
    byte[] content = new byte[size];
    ByteBuffer reply = first;
    long count = reply.getLong(Long.BYTES);
    int offset = 2 * Long.BYTES + STATX;
    int done = 0;
    while (count > 0 && done < size) {
      int length = (int) Math.min(count, size - done);
      reply.get(offset, content, done, length);
      done += length;
      if (done < size) {
        Script reading = new Script(architecture);
        reading
            .call(SystemCall.READ, FREE, ScriptProgram.REPLY + Long.BYTES, CHUNK)
            .into(ScriptProgram.REPLY);
        reply = ask(reading, Long.BYTES + CHUNK);
        count = Math.min(reply.getLong(0), CHUNK);
        offset = Long.BYTES;
      }
    }
    return done == size ? content : Arrays.copyOf(content, done);
  }

  private void close() throws IOException {
    Script closing = new Script(architecture);
    closing.call(SystemCall.CLOSE, FREE);
    closing.nextBlock();
    commands.write(closing.block());
  }

  private ByteBuffer ask(Script script, int length) throws IOException {
    script.call(SystemCall.WRITE, 1, ScriptProgram.REPLY, length);
    script.nextBlock();
    commands.write(script.block());
    byte[] reply = replies.readNBytes(length);
    if (reply.length < length) {
      throw new EOFException("the sandbox ended while its files were read");
    }
    return ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN);
  }
}
