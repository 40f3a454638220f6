package io.runcible.layout;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * What tar-split keeps of an archive: JSON objects, one after the other, each of which is a segment
 * of raw bytes or stands for the content of a file, which lies elsewhere. Read one at a time.
 */
final class TarSplit implements AutoCloseable {
  /** Larger than any header; the padding at the end of an archive comes in pieces of 1 MiB. */
  private static final int MAX_TEXT = 4 * 1024 * 1024;

  /** More than what describes an archive takes, as each entry has 512 bytes there. */
  private static final int MAX_EXPANSION = 8;

  private static final int FILE = 1;
  private static final int SEGMENT = 2;
  private static final byte[] NONE = {};

  private final String where;
  private final JsonParser parser;

  /**
   * Reads entries.
   *
   * @param content closed with this
   * @param size of the archive that they describe, which limits how much there is to read
   * @param where what it is called in messages
   */
  TarSplit(InputStream content, long size, String where) throws IOException {
    this.where = where;
    long most = Math.min(size, Long.MAX_VALUE / (2 * MAX_EXPANSION)) * MAX_EXPANSION + MAX_TEXT;
    this.parser =
        JsonFactory.builder()
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(2)
                    .maxStringLength(MAX_TEXT)
                    .maxDocumentLength(most)
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build()
            .createParser(content);
  }

  /**
   * A piece of the archive.
   *
   * @param raw the bytes; none for a file
   * @param file the name of the file whose content comes here, with a char for each byte; empty for
   *     raw bytes
   * @param size of the file
   * @param checksum of the file, as {@link Crc64} has it
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  record Piece(byte[] raw, String file, long size, byte[] checksum) {}

  /** The next piece that is not empty; nothing at the end. */
  Optional<Piece> next() throws IOException {
    try {
      while (true) {
        JsonToken token = parser.nextToken();
        if (token == null) {
          return Optional.empty();
        }
        if (token != JsonToken.START_OBJECT) {
          throw damaged("it has something else than JSON objects");
        }
        Piece piece = new Fields().read();
        if (piece.raw().length > 0 || piece.size() > 0) {
          return Optional.of(piece);
        }
      }
    } catch (JsonProcessingException e) {
      throw new RuncibleException(
          ErrorKind.CORRUPT_DATA, where + " is damaged: " + e.getOriginalMessage(), e);
    }
  }

  RuncibleException damaged(String reason) {
    return new RuncibleException(ErrorKind.CORRUPT_DATA, where + " is damaged: " + reason);
  }

  /** One object. */
  private final class Fields {
    private long type;
    private long size;
    private String name = "";
    private byte[] payload = NONE;

    Piece read() throws IOException {
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String field = parser.currentName();
        JsonToken value = parser.nextToken();
        switch (field) {
          case "type" -> type = number(value);
          case "size" -> size = number(value);
          case "name" -> name = text(value);
          case "name_raw" -> name = new String(bytes(value), StandardCharsets.ISO_8859_1);
          case "payload" -> payload = bytes(value);
          default -> parser.skipChildren();
        }
      }
      if (type == SEGMENT) {
        return new Piece(payload, "", 0, NONE);
      }
      if (type != FILE || size < 0) {
        throw damaged("it has an entry of type " + type + " and size " + size);
      }
      if (size > 0 && (name.isEmpty() || payload.length != Long.BYTES)) {
        throw damaged("it has a file without a name or a checksum");
      }
      return new Piece(NONE, name, size, payload);
    }

    private long number(JsonToken value) throws IOException {
      if (value != JsonToken.VALUE_NUMBER_INT) {
        throw damaged("it has no number where one belongs");
      }
      return parser.getLongValue();
    }

    /** As raw bytes, one in each char. */
    private String text(JsonToken value) throws IOException {
      if (value != JsonToken.VALUE_STRING) {
        throw damaged("it has no text where one belongs");
      }
      byte[] bytes = parser.getText().getBytes(StandardCharsets.UTF_8);
      return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private byte[] bytes(JsonToken value) throws IOException {
      if (value == JsonToken.VALUE_NULL) {
        return NONE;
      }
      if (value != JsonToken.VALUE_STRING) {
        throw damaged("it has no text where one belongs");
      }
      return parser.getBinaryValue();
    }
  }

  @Override
  public void close() throws IOException {
    parser.close();
  }
}
