package io.runcible.serve;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteRangeTest {
  @ParameterizedTest
  @CsvSource({
    "bytes=0-, 0, 10",
    "bytes=0-0, 0, 1",
    "bytes=3-5, 3, 6",
    "bytes=9-, 9, 10",
    "bytes=3-9, 3, 10",
    "bytes=3-99999, 3, 10",
    "bytes=-3, 7, 10",
    "bytes=-10, 0, 10",
    "bytes=-99, 0, 10",
  })
  void rangesOfTenBytes(String header, long start, long end) {
    assertThat(ByteRange.parse(header, 10)).contains(new ByteRange(start, end));
    assertThat(ByteRange.parse(header, 10).orElseThrow().isSatisfiable()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"bytes=10-", "bytes=10-11", "bytes=-0", "bytes=999999999999999999-"})
  void rangesOutsideOfTenBytes(String header) {
    assertThat(ByteRange.parse(header, 10).orElseThrow().isSatisfiable()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-3",
        "bytes=0-1,3-4",
        "bytes=a-b",
        "lines=0-1",
        "bytes=1",
        "bytes=--1",
        "bytes=0x1-2",
        "bytes=+1-2",
        "bytes=9999999999999999999-",
        "bytes=0-9999999999999999999"
      })
  void whatIsIgnored(String header) {
    assertThat(ByteRange.parse(header, 10)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"bytes=0-", "bytes=-5", "bytes=0-0"})
  void nothingHasNoRanges(String header) {
    assertThat(ByteRange.parse(header, 0).orElseThrow().isSatisfiable()).isFalse();
  }
}
