package io.runcible.benchmarks.testcontainers;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** What a user of the services does; the same on all sides. */
final class Client {
  private static final String HOST = "127.0.0.1";

  private Client() {}

  static Connection connect(int port) throws SQLException {
    return DriverManager.getConnection(
        "jdbc:postgresql://" + HOST + ":" + port + "/postgres?user=postgres&password=unused");
  }

  /** Has an answer of the service; fails otherwise. */
  static void use(String kind, int port) throws IOException, SQLException {
    if (kind.startsWith("redis")) {
      redis(port, "PING\r\n", "+PONG\r\n");
      return;
    }
    String query = kind.equals("primed") ? "select count(*) from filled" : "select 1000";
    try (Connection connection = connect(port);
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      result.next();
      if (result.getInt(1) != 1000) {
        throw new IllegalStateException(query + " is " + result.getInt(1));
      }
    }
  }

  static void redis(int port, String say, String answer) throws IOException {
    try (Socket socket = new Socket(HOST, port)) {
      socket.getOutputStream().write(say.getBytes(ISO_8859_1));
      String heard = new String(socket.getInputStream().readNBytes(answer.length()), ISO_8859_1);
      if (!heard.equals(answer)) {
        throw new IllegalStateException("Redis said " + heard);
      }
    }
  }

  static void fill(int port) throws SQLException {
    try (Connection connection = connect(port);
        Statement statement = connection.createStatement()) {
      statement.execute("create table filled as select generate_series(1, 1000) n");
    }
  }

  /** Whether the server takes clients; PostgreSQL says so to the first message of a client. */
  static boolean answers(String kind, int port) {
    byte[] say = kind.equals("postgres") ? startup() : "PING\r\n".getBytes(ISO_8859_1);
    try (Socket socket = new Socket(HOST, port)) {
      OutputStream out = socket.getOutputStream();
      out.write(say);
      int first = new DataInputStream(socket.getInputStream()).read();
      return first == (kind.equals("postgres") ? 'R' : '+');
    } catch (IOException e) {
      return false;
    }
  }

  private static byte[] startup() {
    String text = "\0\3\0\0user\0postgres\0database\0postgres\0\0";
    return ("\0\0\0" + (char) (text.length() + 4) + text).getBytes(ISO_8859_1);
  }
}
