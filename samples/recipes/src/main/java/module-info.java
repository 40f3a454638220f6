/** The programs behind the recipes of the documentation. */
module io.runcible.samples.recipes {
  requires io.runcible;
}
