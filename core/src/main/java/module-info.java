/** A container engine that is a library: pulls, unpacks and runs OCI containers in this process. */
module io.runcible {
  requires static transitive org.jspecify;
  requires com.fasterxml.jackson.databind;
  requires org.apache.commons.compress;
  requires org.slf4j;

  exports io.runcible;
  exports io.runcible.archive;
  exports io.runcible.image;
  exports io.runcible.layout;
}
