package io.runcible.archive;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.engine.Rounds;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random archives, read by this reader, by GNU tar and by Python. What all take without complaint,
 * all have to take for the same. This reader may refuse what another accepts: it is strict on
 * purpose. It may accept what another refuses only where a filter here says why.
 */
class TarReaderDifferenceIT {
  private static final int BATCH = 50;
  private static final long MAX_TIME = 253_402_300_799L;
  private static final ArchiveLimits LIMITS = ArchiveLimits.DEFAULT.withMaxFileBytes(50_000_000);

  /**
   * Of every archive one line for each member, and one that says how it ended. A header that it
   * cannot read is the end to Python's iterator, so the last one is looked at once more.
   */
  private static final String PYTHON =
      """
      import hashlib, math, os, sys, tarfile
      for path in sys.argv[1:]:
        try:
          tar = tarfile.open(path, 'r:')
          for m in tar:
            kind = ('d' if m.isdir() or m.isreg() and m.name.endswith('/') else 'h' if m.islnk() else 'l' if m.issym()
                    else 'c' if m.ischr() else 'b' if m.isblk() else 'p' if m.isfifo() else '-')
            content = tar.extractfile(m).read() if kind == '-' else b''
            if kind == '-' and len(content) != m.size: raise EOFError('short')
            link = m.linkname if kind in 'hl' else ''
            size = '%d,%d' % (m.devmajor, m.devminor) if kind in 'cb' else len(content)
            print(kind, oct(m.mode & 0o7777), m.uid, m.gid, size, math.floor(m.mtime),
                  os.fsencode(m.name).rstrip(b'/').hex(), os.fsencode(link).hex(),
                  hashlib.sha256(content).hexdigest()[:16])
          with open(path, 'rb') as file:
            file.seek(tar.offset)
            block = file.read(512)
          try:
            tarfile.TarInfo.frombuf(block, 'utf-8', 'surrogateescape')
            print('refused what follows a header')
          except (tarfile.EOFHeaderError, tarfile.EmptyHeaderError):
            print('end')
        except Exception as e:
          text = str(e).encode('ascii', 'backslashreplace').decode().replace('\\n', ' ')
          print('refused', type(e).__name__, text)
      """;

  /** What GNU tar complains of, and this reader is right to take: it is the end of the stream. */
  private static final String GNU_REFUSES = "tar: A lone zero block at \\d+";

  private static final Pattern GNU_LINE =
      Pattern.compile("(\\S{10}) +(\\S+ +\\S+) +(\\d\\S* \\S+) +(.*)");

  @TempDir Path directory;

  @BeforeEach
  void host() {
    HostTools.requireProgram("tar", "tar");
    HostTools.requireProgram("python3", "python3");
  }

  /** What this reader makes of an archive: lines in the manner of the others, or why not. */
  private record Seen(
      @Nullable String refusal,
      List<String> gnu,
      List<String> python,
      String content,
      boolean sparse,
      boolean holeAtEnd,
      boolean incomparable) {}

  /** What another program makes of it. */
  private record Answer(boolean accepted, List<String> lines, String said) {}

  @Test
  void archivesAreReadAlike() throws Exception {
    compare("tar-reader", Rounds.of(3, 200), false);
  }

  @Test
  void damagedArchivesAreReadAlikeOrRefused() throws Exception {
    compare("tar-reader-damaged", Rounds.of(6, 1000), true);
  }

  private void compare(String test, int batches, boolean damage) throws Exception {
    long seed = Rounds.seed(test, 8037012);
    int accepted = 0;
    int refused = 0;
    for (int batch = 0; batch < batches; batch++) {
      List<byte[]> archives = new ArrayList<>();
      List<Path> files = new ArrayList<>();
      for (int i = 0; i < BATCH; i++) {
        Random random = new Random(seed * 1_000_003 + (long) batch * BATCH + i);
        byte[] archive = RandomTar.archive(random);
        archives.add(damage ? RandomTar.damage(archive, random) : archive);
        files.add(Files.write(directory.resolve("a" + i), archives.get(i)));
      }
      List<Answer> python = python(files);
      for (int i = 0; i < BATCH; i++) {
        Seen ours = read(archives.get(i));
        String what = test + " seed " + seed + ", archive " + (batch * BATCH + i);
        if (ours.refusal != null) {
          refused++;
          assertThat(damage).as("%s: %s", what, ours.refusal).isTrue();
          continue;
        }
        accepted++;
        if (ours.incomparable || damage && hasGlobal(archives.get(i))) {
          // Empty names are refused by who unpacks, and the root is a file in GNU tar's list; times
          // after the year 9999 are shown in many ways; global headers, which others obey, are for
          // nobody here.
          continue;
        }
        boolean gnu = gnuAgrees(what, files.get(i), ours);
        pythonAgrees(what, files.get(i), python.get(i), ours, gnu);
      }
    }
    System.out.println(test + ": " + accepted + " accepted, " + refused + " refused");
    assertThat(accepted).isPositive();
  }

  private static boolean hasGlobal(byte[] archive) {
    for (int at = 0; at + 512 <= archive.length; at += 512) {
      if (archive[at + 156] == 'g' && isHeader(archive, at)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isHeader(byte[] archive, int at) {
    byte[] magic = "ustar".getBytes(ISO_8859_1);
    return Arrays.equals(archive, at + 257, at + 262, magic, 0, magic.length);
  }

  /** Python alone reads the device numbers of what is no device, and refuses a header for them. */
  private static boolean hasUnreadDevice(byte[] archive) {
    for (int at = 0; at + 512 <= archive.length; at += 512) {
      byte type = archive[at + 156];
      boolean number = isNumber(archive, at + 329) && isNumber(archive, at + 337);
      if (isHeader(archive, at) && type != '3' && type != '4' && !number) {
        return true;
      }
    }
    return false;
  }

  private static boolean isNumber(byte[] header, int from) {
    boolean binary = header[from] == (byte) 0x80 || header[from] == (byte) 0xff;
    String text = new String(header, from, 8, ISO_8859_1).replaceFirst("(?s)\0.*", "").strip();
    return binary || text.matches("[0-7]*");
  }

  private static Seen read(byte[] archive) {
    List<String> gnu = new ArrayList<>();
    List<String> python = new ArrayList<>();
    MessageDigest all = sha256();
    boolean holeAtEnd = false;
    boolean sparse = false;
    boolean incomparable = false;
    try {
      TarReader tar = new TarReader(new ByteArrayInputStream(archive), LIMITS);
      for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
        byte[] content = entry.type() == EntryType.FILE ? expanded(entry, tar) : new byte[0];
        all.update(content);
        holeAtEnd |= endsInHole(entry);
        incomparable |= isIncomparable(entry);
        sparse |= entry.sparse() != null;
        gnu.add(gnuLine(entry));
        python.add(pythonLine(entry, content));
      }
      return new Seen(
          null,
          gnu,
          python,
          HexFormat.of().formatHex(all.digest()),
          sparse,
          holeAtEnd,
          incomparable);
    } catch (RuncibleException | IOException e) {
      return new Seen(e.toString(), gnu, python, "", sparse, holeAtEnd, incomparable);
    }
  }

  private static boolean isIncomparable(TarEntry entry) {
    boolean link = entry.type() == EntryType.HARD_LINK || entry.type() == EntryType.SYMLINK;
    return withoutSlashes(entry.name()).isEmpty()
        || link && entry.linkName().isEmpty()
        || Math.abs(entry.modifiedSeconds()) > MAX_TIME;
  }

  private static boolean endsInHole(TarEntry entry) {
    @Nullable SparseMap map = entry.sparse();
    int last = map == null ? 0 : map.count() - 1;
    return map != null && (last < 0 || map.offset(last) + map.length(last) < entry.size());
  }

  private static byte[] expanded(TarEntry entry, TarReader tar) throws IOException {
    byte[] content = new byte[(int) entry.size()];
    @Nullable SparseMap sparse = entry.sparse();
    if (sparse == null) {
      read(tar, content, 0, content.length);
      return content;
    }
    for (int i = 0; i < sparse.count(); i++) {
      read(tar, content, (int) sparse.offset(i), (int) sparse.length(i));
    }
    return content;
  }

  private static void read(TarReader tar, byte[] content, int offset, int length)
      throws IOException {
    for (int done = 0; done < length; ) {
      done += tar.read(content, offset + done, length - done);
    }
  }

  private static char letter(TarEntry entry) {
    return switch (entry.type()) {
      case FILE -> '-';
      case HARD_LINK -> 'h';
      case SYMLINK -> 'l';
      case CHARACTER_DEVICE -> 'c';
      case BLOCK_DEVICE -> 'b';
      case DIRECTORY -> 'd';
      case FIFO -> 'p';
    };
  }

  private static boolean isDevice(TarEntry entry) {
    return entry.type() == EntryType.CHARACTER_DEVICE || entry.type() == EntryType.BLOCK_DEVICE;
  }

  private static String pythonLine(TarEntry entry, byte[] content) {
    return String.join(
        " ",
        String.valueOf(letter(entry)),
        "0o" + Integer.toOctalString(entry.mode()),
        Long.toString(entry.uid()),
        Long.toString(entry.gid()),
        isDevice(entry)
            ? entry.deviceMajor() + "," + entry.deviceMinor()
            : Integer.toString(content.length),
        Long.toString(entry.modifiedSeconds()),
        hex(withoutSlashes(entry.name())),
        hex(entry.linkName()),
        HexFormat.of().formatHex(sha256().digest(content)).substring(0, 16));
  }

  private static String withoutSlashes(String name) {
    return name.replaceFirst("/+$", "");
  }

  private static String hex(String raw) {
    return HexFormat.of().formatHex(raw.getBytes(ISO_8859_1));
  }

  /** As {@code tar -tv --full-time} shows it, names as hexadecimal. */
  private static String gnuLine(TarEntry entry) {
    String size =
        isDevice(entry)
            ? entry.deviceMajor() + "," + entry.deviceMinor()
            : Long.toString(entry.size());
    String to =
        switch (entry.type()) {
          case HARD_LINK -> " link to " + escaped(entry.linkName());
          case SYMLINK -> " -> " + escaped(entry.linkName());
          default -> "";
        };
    return letter(entry)
        + permissions(entry.mode())
        + " "
        + entry.uid()
        + "/"
        + entry.gid()
        + " "
        + size
        + " "
        + time(entry)
        + " "
        + withoutSlashes(escaped(entry.name())).replaceFirst("^ +", "")
        + to;
  }

  private static String time(TarEntry entry) {
    Instant time =
        Instant.ofEpochSecond(
            Math.max(-MAX_TIME, Math.min(MAX_TIME, entry.modifiedSeconds())),
            entry.modifiedNanos());
    String fraction =
        entry.modifiedNanos() == 0
            ? ""
            : String.format(".%09d", entry.modifiedNanos()).replaceFirst("0+$", "");
    return DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss").withZone(ZoneOffset.UTC).format(time)
        + fraction;
  }

  private static String permissions(int mode) {
    StringBuilder text = new StringBuilder();
    for (int i = 8; i >= 0; i--) {
      text.append((mode >> i & 1) == 1 ? "rwxrwxrwx".charAt(8 - i) : '-');
    }
    for (int i = 0; i < 3; i++) {
      if ((mode >> 11 - i & 1) == 1) {
        int at = 3 * i + 2;
        char set = i == 2 ? 't' : 's';
        text.setCharAt(at, text.charAt(at) == '-' ? Character.toUpperCase(set) : set);
      }
    }
    return text.toString();
  }

  private static String escaped(String raw) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < raw.length(); i++) {
      char c = raw.charAt(i);
      int control = "\007\b\f\n\r\t\013\\".indexOf(c);
      if (control >= 0) {
        text.append('\\').append("abfnrtv\\".charAt(control));
      } else if (c < ' ' || c > '~') {
        text.append(String.format("\\%03o", (int) c));
      } else {
        text.append(c);
      }
    }
    return text.toString();
  }

  /** Returns whether it takes the archive to its end, and then for the same. */
  private static boolean gnuAgrees(String what, Path archive, Seen ours) throws Exception {
    Answer list =
        run(
            "tar",
            "--list",
            "--absolute-names",
            "--verbose",
            "--full-time",
            "--numeric-owner",
            "--quoting-style=escape",
            "--warning=no-timestamp",
            "--warning=no-unknown-keyword",
            "--file=" + archive);
    boolean whole = list.accepted || list.said.matches(GNU_REFUSES);
    if (!whole && ours.sparse) {
      // It mixes the formats of sparse files up where a header is of another format than its map.
      return false;
    }
    if (!list.accepted && ours.python.isEmpty()) {
      // Nothing at all is an empty layer here, as for other engines.
      return false;
    }
    if (Files.size(archive) % 512 != 0 && list.said.startsWith("tar: Unexpected EOF")) {
      // The padding of the last content is all that may be missing here, as for other engines.
      return false;
    }
    assertThat(whole).as("%s: accepted here, and by GNU tar not: %s", what, list.said).isTrue();
    List<String> lines = new ArrayList<>();
    for (String line : list.lines) {
      lines.add(normal(line));
    }
    lines.removeIf(line -> line.startsWith("V"));
    assertThat(ours.gnu).as("%s beside GNU tar", what).isEqualTo(lines);
    Answer content = run("tar", "--extract", "--to-stdout", "--file=" + archive);
    // GNU tar makes a file too short whose hole at the end has no region of its own.
    if (content.accepted && !ours.holeAtEnd) {
      assertThat(ours.content).as("%s, content beside GNU tar", what).isEqualTo(content.said);
    }
    return true;
  }

  /** Without the padding of columns, and the slashes behind names. */
  private static String normal(String line) {
    Matcher columns = GNU_LINE.matcher(line);
    if (!columns.matches()) {
      return line;
    }
    String name = columns.group(4);
    String mark = line.startsWith("h") ? " link to " : line.startsWith("l") ? " -> " : "";
    int to = mark.isEmpty() ? name.length() : Math.max(0, name.indexOf(mark));
    // Its list has no sign for a contiguous one that is unpacked as a directory, as it is here.
    return columns.group(1).replaceFirst("^C", name.endsWith("/") ? "d" : "-")
        + " "
        + columns.group(2).replaceFirst(" +", " ")
        + " "
        + columns.group(3)
        + " "
        + withoutSlashes(name.substring(0, to))
        + name.substring(to);
  }

  private static void pythonAgrees(String what, Path archive, Answer python, Seen ours, boolean gnu)
      throws IOException {
    // Nothing at all is an empty layer here, and the last padding may be missing, as above.
    boolean empty = ours.python.isEmpty() && python.said.equals("refused ReadError empty file");
    boolean padding =
        Files.size(archive) % 512 != 0
            && python.said.equals("refused ReadError unexpected end of data");
    boolean device =
        python.said.startsWith("refused ") && hasUnreadDevice(Files.readAllBytes(archive));
    // It reads on behind the end of a map, which an entry without a length is to GNU tar and here.
    boolean map = gnu && ours.sparse;
    assertThat(python.accepted || empty || padding || device || map)
        .as("%s: accepted here, and by Python %s", what, python.said)
        .isTrue();
    // Up to where it refused, too.
    int count = python.accepted ? ours.python.size() : python.lines.size();
    assertThat(python.lines).as("%s beside Python: %s", what, ours.python).hasSize(count);
    for (int i = 0; i < count; i++) {
      assertThat(alike(ours.python.get(i), python.lines.get(i), map))
          .as(
              "%s, entry %d: %s, and Python says %s",
              what, i, ours.python.get(i), python.lines.get(i))
          .isTrue();
    }
  }

  private static boolean alike(String ours, String python, boolean map) {
    if (ours.equals(python)) {
      return true;
    }
    // A name that ends in a slash makes a directory; Python drops the slash first.
    if (ours.startsWith("d") && ours.substring(1).equals(python.substring(1))) {
      return python.startsWith("-");
    }
    // Python looks for the front of a name also in formats that have something else there.
    String[] mine = ours.split(" ");
    String[] other = python.split(" ");
    boolean front = mine.length == other.length && other[6].endsWith("2f" + mine[6]);
    mine[6] = other[Math.min(6, other.length - 1)];
    // And of a sparse file with two names it takes the one that is not of its map.
    return (front || map) && Arrays.equals(mine, other);
  }

  /** The lines; what it said on errors; of content the digest. */
  private static Answer run(String... command) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("LC_ALL", "C");
    builder.environment().put("TZ", "UTC");
    Path errors = Files.createTempFile("tar", ".err");
    try {
      Process process = builder.redirectError(errors.toFile()).start();
      byte[] output = process.getInputStream().readAllBytes();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      String said = Files.readString(errors, ISO_8859_1).strip();
      boolean well = process.exitValue() == 0 && said.isEmpty();
      if (List.of(command).contains("--to-stdout")) {
        return new Answer(well, List.of(), HexFormat.of().formatHex(sha256().digest(output)));
      }
      return new Answer(well, new String(output, ISO_8859_1).lines().toList(), said);
    } finally {
      Files.delete(errors);
    }
  }

  private static List<Answer> python(List<Path> files) throws Exception {
    List<String> command = new ArrayList<>(List.of("python3", "-c", PYTHON));
    files.forEach(file -> command.add(file.toString()));
    Answer all = run(command.toArray(String[]::new));
    assertThat(all.said).isEmpty();
    List<Answer> answers = new ArrayList<>();
    List<String> lines = new ArrayList<>();
    for (String line : all.lines) {
      if (line.equals("end") || line.startsWith("refused")) {
        answers.add(new Answer(line.equals("end"), List.copyOf(lines), line));
        lines.clear();
      } else {
        lines.add(line);
      }
    }
    assertThat(answers).hasSameSizeAs(files);
    return answers;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
