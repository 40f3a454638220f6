package io.runcible.samples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Words of the form KEY=VALUE, on the command line and in files with one to a line. */
final class Variables {
  private static final int MAX_FILE = 1 << 20;

  private Variables() {}

  /** What a key without a value stands for; null if for nothing. */
  @FunctionalInterface
  interface Other {
    @Nullable String valueOf(String key);
  }

  /** Those of the files, and then those that are named themselves. */
  static Map<String, String> of(List<Path> files, List<String> texts, Other other) {
    Map<String, String> variables = new LinkedHashMap<>();
    for (Path file : files) {
      int number = 0;
      for (String line : lines(file)) {
        number++;
        String text = line.stripLeading();
        if (!text.isEmpty() && !text.startsWith("#")) {
          put(variables, text, "line " + number + " of the file '" + file + "'", other);
        }
      }
    }
    texts.forEach(text -> put(variables, text, "'" + beginning(text) + "…'", other));
    return variables;
  }

  /** What cannot be of the value, which may be a secret. */
  private static String beginning(String text) {
    return text.split("[=\\s]", 2)[0];
  }

  /**
   * Adds one of them.
   *
   * @param where what an error names it by, without its value
   */
  private static void put(Map<String, String> variables, String text, String where, Other other) {
    int equals = text.indexOf('=');
    String key = equals < 0 ? text : text.substring(0, equals);
    if (key.isEmpty() || key.chars().anyMatch(Character::isWhitespace)) {
      throw invalid(where + " is neither KEY=VALUE nor KEY");
    }
    String value = equals < 0 ? other.valueOf(key) : text.substring(equals + 1);
    if (value != null) {
      variables.put(key, value);
    }
  }

  private static List<String> lines(Path file) {
    return text(file).lines().toList();
  }

  /** A small file. */
  static String text(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_FILE + 1);
      if (bytes.length > MAX_FILE) {
        throw invalid("the file '" + file + "' has more than " + MAX_FILE + " bytes");
      }
      return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "the file '" + file + "' is no text in UTF-8", e);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, "cannot read the file '" + file + "': " + e.getMessage(), e);
    }
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }
}
