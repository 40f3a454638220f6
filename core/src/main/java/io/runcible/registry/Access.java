package io.runcible.registry;

/** What a request does to a repository, in the words of a token's scope. */
enum Access {
  PULL,
  PUSH,
  DELETE,
  /** Listing the repositories of a registry. */
  CATALOG;

  /** The scope of the token specification, "Requested scope". */
  String scope(String repository) {
    return switch (this) {
      case PULL -> "repository:" + repository + ":pull";
      case PUSH -> "repository:" + repository + ":pull,push";
      // Some registries let those delete who may push, and know no such action.
      case DELETE -> "repository:" + repository + ":pull,push,delete";
      case CATALOG -> "registry:catalog:*";
    };
  }
}
