/** A server that has an engine in it. */
module io.runcible.samples.embedding {
  requires io.runcible;
  requires jdk.httpserver;
}
