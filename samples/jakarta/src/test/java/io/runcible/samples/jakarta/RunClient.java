package io.runcible.samples.jakarta;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** A program that runs, as a client of the server sees it. */
final class RunClient implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A stream is never silent for long. */
  private static final int PATIENCE_MILLIS = 120_000;

  private final HttpURLConnection connection;
  private final int status;
  private final BufferedReader in;
  private final StringBuilder stdout = new StringBuilder();
  private final StringBuilder stderr = new StringBuilder();
  private String id = "";

  private RunClient(HttpURLConnection connection) throws IOException {
    this.connection = connection;
    status = connection.getResponseCode();
    InputStream body = status < 400 ? connection.getInputStream() : connection.getErrorStream();
    in =
        new BufferedReader(
            new InputStreamReader(
                body == null ? InputStream.nullInputStream() : body, StandardCharsets.UTF_8));
  }

  /** Sends a program. */
  static RunClient post(URI runs, String type, String program) throws IOException {
    HttpURLConnection connection = connect(runs, "POST");
    connection.setRequestProperty("Content-Type", type);
    connection.setDoOutput(true);
    connection.getOutputStream().write(program.getBytes(StandardCharsets.UTF_8));
    return new RunClient(connection);
  }

  /** Sends all but a program of so many bytes, which {@link #end} does. */
  static HttpURLConnection begin(URI runs, String type, int length) throws IOException {
    HttpURLConnection connection = connect(runs, "POST");
    connection.setRequestProperty("Content-Type", type);
    connection.setDoOutput(true);
    connection.setFixedLengthStreamingMode(length);
    connection.getOutputStream().flush();
    return connection;
  }

  static RunClient end(HttpURLConnection begun, byte[] program) throws IOException {
    begun.getOutputStream().write(program);
    return new RunClient(begun);
  }

  /** What is answered as JSON. */
  static JsonNode get(URI uri) throws IOException {
    try (RunClient client = new RunClient(connect(uri, "GET"))) {
      return JSON.readTree(client.in);
    }
  }

  /** Asks to end one. */
  static int delete(URI run) throws IOException {
    try (RunClient client = new RunClient(connect(run, "DELETE"))) {
      return client.status;
    }
  }

  /** Sends just these header fields, without a body, and returns the status. */
  static int request(URI uri, String method, String... headers) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), uri.getPort())) {
      socket.setSoTimeout(PATIENCE_MILLIS);
      String head = method + " " + uri.getRawPath() + " HTTP/1.1\r\n";
      String fields = String.join("\r\n", headers) + "\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write((head + fields).getBytes(StandardCharsets.US_ASCII));
      BufferedReader answer =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
      return Integer.parseInt(answer.readLine().split(" ")[1]);
    }
  }

  private static HttpURLConnection connect(URI uri, String method) throws IOException {
    HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
    connection.setRequestMethod(method);
    connection.setRequestProperty("Connection", "close");
    connection.setReadTimeout(PATIENCE_MILLIS);
    return connection;
  }

  int status() {
    return status;
  }

  String stdout() {
    return stdout.toString();
  }

  String stderr() {
    return stderr.toString();
  }

  String id() {
    return id;
  }

  /** The body of an answer that is no stream of events. */
  JsonNode problem() throws IOException {
    return JSON.readTree(in);
  }

  /** Reads on, up to the next event of a name, whose data it returns. */
  JsonNode next(String wanted) throws IOException {
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      if (line.startsWith("event: ")) {
        String event = line.substring("event: ".length());
        JsonNode data = JSON.readTree(in.readLine().substring("data: ".length()));
        take(event, data);
        if (event.equals(wanted)) {
          return data;
        }
      }
    }
    throw new IOException("the answer ended without '" + wanted + "'");
  }

  private void take(String event, JsonNode data) {
    switch (event) {
      case "started" -> id = data.get("id").asText();
      case "stdout" -> stdout.append(data.asText());
      case "stderr" -> stderr.append(data.asText());
      default -> {}
    }
  }

  /** Goes away, also from what has not ended. */
  @Override
  public void close() {
    connection.disconnect();
  }
}
