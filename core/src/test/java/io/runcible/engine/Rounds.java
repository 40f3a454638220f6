package io.runcible.engine;

import java.time.Duration;

/** How much the long tests do: the short form by default, the long one with the profile soak. */
public final class Rounds {
  private static final int FACTOR = Integer.getInteger("soak.factor", 1);

  private static final int PATIENCE = Integer.getInteger("test.patience", 1);

  private Rounds() {}

  /** For how long a test waits for what is sure to come: longer where all is slow. */
  public static Duration patience(int seconds) {
    return Duration.ofSeconds((long) seconds * PATIENCE);
  }

  /**
   * A number of rounds.
   *
   * @param few in the short form
   * @param many in the long form, which has a factor of 10
   */
  public static int of(int few, int many) {
    return FACTOR <= 1 ? few : many * FACTOR / 10;
  }

  /** A seed, printed, so that a failed run can be repeated with the system property. */
  public static long seed(String test) {
    String property = test + ".seed";
    long seed = Long.getLong(property, System.nanoTime() & 0xffffff);
    System.out.println("-D" + property + "=" + seed);
    return seed;
  }

  /**
   * The same, but always this one in the short form: what the search would find there anew is not
   * the fault of the change that is being tested.
   */
  public static long seed(String test, long usual) {
    if (FACTOR <= 1 && Long.getLong(test + ".seed") == null) {
      System.out.println("-D" + test + ".seed=" + usual);
      return usual;
    }
    return seed(test);
  }
}
