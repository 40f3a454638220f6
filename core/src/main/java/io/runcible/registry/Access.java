package io.runcible.registry;

/** What a request does to a repository, in the words of a token's scope. */
enum Access {
  PULL,
  PUSH;

  /** The scope of the token specification, "Requested scope". */
  String scope(String repository) {
    String actions = this == PULL ? "pull" : "pull,push";
    return "repository:" + repository + ":" + actions;
  }
}
