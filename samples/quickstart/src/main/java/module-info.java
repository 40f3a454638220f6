/** The quickstart: one program that makes, serves, pulls and runs an image. */
module io.runcible.samples.quickstart {
  requires io.runcible;
}
