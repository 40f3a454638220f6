package io.runcible.junit.presets;

import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;

/** Stands for mongod in a container: a server with its protocol, and without replica sets. */
final class MongoServerProgram {
  private MongoServerProgram() {}

  public static void main(String[] args) {
    MongoServer server = new MongoServer(new MemoryBackend());
    server.bind("0.0.0.0", 27017);
    System.out.println(server + " was asked for " + String.join(" ", args));
  }
}
