package io.runcible.layout;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;

/** The file {@code oci-layout}, which makes a directory an image layout. */
final class LayoutVersion {
  static final byte[] CURRENT = "{\"imageLayoutVersion\":\"1.0.0\"}".getBytes(UTF_8);

  private LayoutVersion() {}

  /** Checks that this library understands the version; any of 1.x.y is compatible. */
  static void check(byte[] raw, String where) {
    JsonNode version;
    try {
      version = new JsonMapper().readTree(new String(raw, UTF_8)).path("imageLayoutVersion");
    } catch (JsonProcessingException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "the file oci-layout of " + where + " is not valid JSON", e);
    }
    if (!version.isTextual()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "the file oci-layout of " + where + " names no version");
    }
    if (!version.textValue().startsWith("1.")) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED, where + " is not of version 1, but of a version unknown here");
    }
  }
}
