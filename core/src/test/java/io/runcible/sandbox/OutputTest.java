package io.runcible.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.sandbox.OutputListener.Stream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where the output of a program ends. */
class OutputTest {
  private static final String MARK = "0123456789abcdef";
  private static final String FAILED = "fedcba9876543210";
  private static final int TRAILER = MARK.length() + 4;

  private final ByteArrayOutputStream told = new ByteArrayOutputStream();

  /** Gives so many bytes at once. */
  private static InputStream inPieces(String text, int size) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)) {
      @Override
      public synchronized int read(byte[] target, int offset, int length) {
        return super.read(target, offset, Math.min(length, size));
      }
    };
  }

  private Output output(String text, int piece, int limit) {
    return new Output(
        inPieces(text, piece),
        MARK.getBytes(StandardCharsets.UTF_8),
        FAILED.getBytes(StandardCharsets.UTF_8),
        TRAILER,
        limit,
        Stream.STDOUT,
        (stream, bytes) -> told.writeBytes(bytes));
  }

  private String told() {
    return told.toString(StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 16, 20, 21, 100})
  void markEndsItHoweverItComes(int piece) throws IOException {
    String program = "0123 01234567 and 0123456789abcde";
    Output output = output(program + MARK + "rest", piece, 100);
    Output.End end = output.read();
    assertThat(end).isEqualTo(Output.End.MARK);
    assertThat(output.content(end)).asString().isEqualTo(program);
    assertThat(output.trailer()).asString().isEqualTo(MARK + "rest");
    assertThat(told()).isEqualTo(program);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 100})
  void moreThanTheLimitIsCut(int piece) throws IOException {
    String program = "x".repeat(60);
    Output output = output(program, piece, 10);
    Output.End end = output.read();
    assertThat(end).isEqualTo(Output.End.LIMIT);
    assertThat(output.content(end)).asString().isEqualTo("x".repeat(10));
    assertThat(told()).isEqualTo("x".repeat(10));
  }

  @Test
  void asMuchAsTheLimitIsNotTooMuch() throws IOException {
    Output output = output("x".repeat(10) + MARK + "rest", 3, 10);
    assertThat(output.read()).isEqualTo(Output.End.MARK);
    Output more = output("x".repeat(11) + MARK + "rest", 3, 10);
    assertThat(more.read()).isEqualTo(Output.End.LIMIT);
  }

  @Test
  void endWithoutMarkIsSeen() throws IOException {
    Output output = output("abc", 2, 10);
    Output.End end = output.read();
    assertThat(end).isEqualTo(Output.End.NO_MARK);
    assertThat(output.content(end)).asString().isEqualTo("abc");
    assertThat(told()).isEqualTo("abc");
  }

  @Test
  void failureIsNotToldAsOutput() throws IOException {
    Output output = output(FAILED + "why" + MARK + "rest", 1, 100);
    assertThat(output.read()).isEqualTo(Output.End.MARK);
    assertThat(told()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 6})
  void textIsToldWithoutWaiting(int piece) throws IOException {
    String program = "one\ntwo\n€uro\n";
    List<Integer> sizes = new ArrayList<>();
    Output output =
        new Output(
            inPieces(program, piece),
            RunScripts.newMark(),
            RunScripts.newMark(),
            RunScripts.TRAILER,
            100,
            Stream.STDOUT,
            (stream, bytes) -> sizes.add(bytes.length));
    assertThat(output.read()).isEqualTo(Output.End.NO_MARK);
    int length = program.getBytes(StandardCharsets.UTF_8).length;
    assertThat(sizes).hasSize((length + piece - 1) / piece);
  }

  @Test
  void marksDifferAndHaveAByteOfNoText() {
    byte[] mark = RunScripts.newMark();
    assertThat(mark).hasSize(RunScripts.MARK).isNotEqualTo(RunScripts.newMark());
    assertThat(mark[0]).isEqualTo((byte) 0xff);
  }
}
