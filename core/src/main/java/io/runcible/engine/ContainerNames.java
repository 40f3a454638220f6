package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * Names that containers were given later. The id stays, since a running runtime knows the container
 * by it; the name is a symbolic link to it among the containers, so that no two have one name, and
 * is noted in the container's directory, so that it goes with the container.
 */
final class ContainerNames {
  private static final String NOTES = "names";

  private final Path containers;

  ContainerNames(Path containers) {
    this.containers = containers;
  }

  /** The id of what has this name; the name itself if nothing was renamed to it. */
  String idOf(String name) {
    try {
      return Files.readSymbolicLink(containers.resolve(name)).toString();
    } catch (IOException e) {
      return name;
    }
  }

  /** The name of a container. */
  String nameOf(ContainerDirectory directory) {
    List<String> names = notes(directory);
    for (int i = names.size() - 1; i >= 0; i--) {
      if (idOf(names.get(i)).equals(directory.id())) {
        return names.get(i);
      }
    }
    return directory.id();
  }

  private static List<String> notes(ContainerDirectory directory) {
    Path notes = directory.path().resolve(NOTES);
    try {
      // Asked first: hardly one was renamed.
      return Files.notExists(notes) ? List.of() : Files.readAllLines(notes);
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot read the names of container " + directory.id(), e);
    }
  }

  /**
   * Gives a container another name.
   *
   * @throws RuncibleException ALREADY_EXISTS if another one has it
   */
  void rename(ContainerDirectory directory, String name) {
    String old = nameOf(directory);
    if (name.equals(old)) {
      return;
    }
    try {
      if (!name.equals(directory.id())) {
        Files.writeString(
            directory.path().resolve(NOTES),
            name + "\n",
            StandardOpenOption.CREATE,
            StandardOpenOption.APPEND);
        Files.createSymbolicLink(containers.resolve(name), Path.of(directory.id()));
      }
      delete(old, directory);
    } catch (FileAlreadyExistsException e) {
      throw new RuncibleException(
          ErrorKind.ALREADY_EXISTS,
          "there is a container '" + name + "' already; choose another name",
          e);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot rename container " + directory.id(), e);
    }
  }

  /** Frees the names of a container that is being removed. */
  void remove(ContainerDirectory directory) {
    for (String name : notes(directory)) {
      try {
        delete(name, directory);
      } catch (IOException e) {
        throw new RuncibleException(
            ErrorKind.UNAVAILABLE, "cannot free the name '" + name + "'", e);
      }
    }
  }

  private void delete(String name, ContainerDirectory directory) throws IOException {
    Path link = containers.resolve(name);
    if (Files.isSymbolicLink(link) && idOf(name).equals(directory.id())) {
      Files.deleteIfExists(link);
    }
  }
}
