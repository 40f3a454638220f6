package io.runcible;

import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The class path of this JVM once more, as a server loads an application: all of it by itself. */
public final class IsolatedLoader extends URLClassLoader {
  /**
   * A loader.
   *
   * @param without the names of jars to leave out, as a regular expression
   * @param more what comes before the others
   */
  public IsolatedLoader(String without, Path... more) {
    super(urls(Pattern.compile(without), more), ClassLoader.getPlatformClassLoader());
  }

  private static URL[] urls(Pattern without, Path... more) {
    List<Path> parts = new ArrayList<>(List.of(more));
    for (String part : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path path = Path.of(part);
      if (!without.matcher(path.getFileName().toString()).lookingAt()) {
        parts.add(path);
      }
    }
    return parts.stream().map(IsolatedLoader::url).toArray(URL[]::new);
  }

  private static URL url(Path path) {
    try {
      return path.toUri().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalStateException(e);
    }
  }
}
